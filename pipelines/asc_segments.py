"""Load Apple's App Store Connect Analytics Reports: `python pipelines/asc_segments.py --help`."""

from app_store_connect.cli import main

if __name__ == "__main__":
    main()
