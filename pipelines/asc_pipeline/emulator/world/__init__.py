"""What an account holds: apps, requests, reports, instances, segments, files."""
