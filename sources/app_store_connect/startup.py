"""What both commands do before they import what is slow."""

import gc
import os

_OBJECTS_BETWEEN_COLLECTIONS = 50_000
"""What dlt and dbt make on import stays: looking for garbage took a tenth of a short run."""


def prepare_imports() -> None:
    os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")  # dlt reads it on import
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
