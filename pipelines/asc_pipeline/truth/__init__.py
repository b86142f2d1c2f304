"""The repair of the raw tables, so that they hold what the ledger says."""
