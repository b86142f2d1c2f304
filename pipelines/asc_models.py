"""Build the dbt models on what was loaded: `python pipelines/asc_models.py --help`."""

from app_store_connect.models_command import models

if __name__ == "__main__":
    models(prog_name="asc_models.py")
