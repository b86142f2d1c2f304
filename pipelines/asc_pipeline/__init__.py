"""The job around the source: batches, views, repair, models, and commands."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .job.call import run

__all__ = ["run"]


def __getattr__(name: str) -> Any:
    """Import dlt when the job is asked for: `asc-segments --help` should not wait for it."""
    if name in __all__:
        from .job import call

        return getattr(call, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
