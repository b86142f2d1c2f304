"""Apple's App Store Connect Analytics Reports as a dlt source."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .results import create_views, dataset, raise_for_failures
    from .source import app_store_connect_source

__all__ = ["app_store_connect_source", "create_views", "dataset", "raise_for_failures"]

_HOMES = {
    "app_store_connect_source": "source",
    "create_views": "results",
    "dataset": "results",
    "raise_for_failures": "results",
}


def __getattr__(name: str) -> Any:
    """Import dlt when the source is asked for: `asc-segments --help` should not wait for it."""
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
