"""Load Apple's App Store Connect Analytics Reports: `python pipelines/asc_segments.py --help`."""

from asc_pipeline.cli.main import main

if __name__ == "__main__":
    main()
