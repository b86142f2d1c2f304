"""An account: apps, requests, reports, instances, segments, files."""
