"""Build the dbt models on what was loaded: `python pipelines/asc_models.py --help`."""

import sys

from asc_pipeline.cli.main import main

if __name__ == "__main__":
    main(["models", *sys.argv[1:]])
