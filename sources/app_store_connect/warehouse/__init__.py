"""The destination: connection, dialect, and what is loaded there."""
