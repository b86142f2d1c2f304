"""Build the dbt models on what was loaded: `python pipelines/asc_models.py --help`."""

from app_store_connect.models_command import models
from app_store_connect.streams import guarded_streams

if __name__ == "__main__":
    with guarded_streams():
        models(prog_name="asc_models.py")
