"""The dlt resources: from due instances to rows, and how each of them ended."""
