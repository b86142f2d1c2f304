"""The last complete week in figures: against the one before, and the same week last year."""
