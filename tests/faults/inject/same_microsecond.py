"""The job as users run it, on a machine whose clock stands still once: the first block of slice
keys begins in the same microsecond, whichever process takes it. Later blocks go by the clock.
"""

import itertools
import time
from types import SimpleNamespace
from unittest.mock import patch

from app_store_connect.extract import slices
from asc_pipeline.cli.main import main

NANOSECONDS = 1_790_000_000_000_000_000
_reads = itertools.count()


def time_ns() -> int:
    return time.time_ns() if next(_reads) else NANOSECONDS


if __name__ == "__main__":
    with patch.object(slices, "time", SimpleNamespace(time_ns=time_ns)):
        main()
