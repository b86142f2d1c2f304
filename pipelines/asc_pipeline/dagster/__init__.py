"""The job on Dagster: `dagster dev -m asc_pipeline.dagster.definitions`.

No other room imports this one. Import the engine absolutely: `import dagster as dg`.
"""
