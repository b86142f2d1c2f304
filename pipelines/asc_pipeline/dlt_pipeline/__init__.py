"""The job's dlt pipeline: its folder, its destination, and its load packages."""
