"""From the bytes of a report file to typed Arrow tables."""
