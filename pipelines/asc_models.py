"""Build the dbt models on what was loaded: `python pipelines/asc_models.py --help`."""

from asc_pipeline.cli.models import models
from asc_pipeline.cli.stdio import guarded_streams

if __name__ == "__main__":
    with guarded_streams():
        models(prog_name="asc_models.py")
