"""The HTTP server: endpoints, tokens, rate limits, faults, and the file store."""
