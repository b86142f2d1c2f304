"""The commands beside the job, one module each."""
