"""Tells people and monitors of a run: a ping, and messages to act on."""
