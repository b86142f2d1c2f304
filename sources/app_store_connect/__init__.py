"""Apple's App Store Connect Analytics Reports as a dlt source."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .source import app_store_connect_source

__all__ = ["app_store_connect_source"]


def __getattr__(name: str) -> Any:
    """Import dlt when the source is asked for: `asc-segments --help` should not wait for it."""
    if name in __all__:
        from . import source

        return getattr(source, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
