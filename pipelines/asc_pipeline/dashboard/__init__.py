"""The dashboard: one HTML file from the marts."""
