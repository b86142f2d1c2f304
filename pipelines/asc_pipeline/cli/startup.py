"""What both commands do before they import what is slow."""

import atexit
import gc
import os

_OBJECTS_BETWEEN_COLLECTIONS = 50_000


def prepare_imports() -> None:
    """What dlt and dbt make on import stays, and goes with the process. Looking for garbage in it
    took a tenth of a short run, and another tenth when the interpreter ended.
    """
    os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")  # dlt reads it on import
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    atexit.register(gc.freeze)
