"""What users write under `[sources.app_store_connect]`: settings and API keys."""
