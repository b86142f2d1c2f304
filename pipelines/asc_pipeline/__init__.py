"""The job around the source: batches, views, repair, models, and commands."""
