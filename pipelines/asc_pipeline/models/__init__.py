"""Builds the dbt project of `pipelines/dbt` and reads its results."""
