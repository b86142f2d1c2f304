"""How things stand at the destination: reports, runs and sizes. Apple is not asked."""
