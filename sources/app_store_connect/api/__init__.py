"""Apple's API: keys, tokens, the request budget, answers, and downloads."""
