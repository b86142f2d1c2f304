"""The invented account of `--demo`."""
