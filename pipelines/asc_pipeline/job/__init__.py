"""A run from start to end: plan, load in batches, verify, sum up."""
