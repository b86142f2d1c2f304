"""The assets: tables of each key, views, models, pages."""
