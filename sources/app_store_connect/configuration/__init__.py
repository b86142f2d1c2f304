"""The section `[sources.app_store_connect]`: settings and API keys."""
