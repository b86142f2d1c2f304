"""Preparation of both commands, before slow imports."""

import atexit
import gc
import os

_OBJECTS_BETWEEN_COLLECTIONS = 50_000


def prepare_imports() -> None:
    """Objects that dlt and dbt make on import stay until the end. Looking for garbage in them
    took a tenth of a short run, and another tenth when the interpreter ended.
    """
    os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")  # dlt reads it on import
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    atexit.register(gc.freeze)
