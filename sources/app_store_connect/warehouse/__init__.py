"""The destination: connection, dialect, and the ledger of loaded segments."""
