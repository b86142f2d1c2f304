"""A run's summary by app and table. Pure."""

from collections import Counter
from dataclasses import dataclass
from datetime import date

from app_store_connect.instances import AppTable
from asc_pipeline.job.summary import Summary


@dataclass(frozen=True, slots=True)
class Loaded:
    """The segments of an app, or of one of its tables, that a run loaded."""

    rows: int = 0
    bytes: int = 0
    segments: int = 0
    newest_processing_date: date = date.min

    def __add__(self, other: "Loaded") -> "Loaded":
        return Loaded(
            self.rows + other.rows,
            self.bytes + other.bytes,
            self.segments + other.segments,
            max(self.newest_processing_date, other.newest_processing_date),
        )


def loaded_tables(summary: Summary) -> dict[AppTable, Loaded]:
    """Of each app and table the segments that arrived."""
    found: dict[AppTable, Loaded] = {}
    for each in summary.outcome.completed:
        listed = each.item.listed
        processed = listed.instance.processing_date
        loaded = Loaded(each.row_count, each.segment.size_in_bytes, 1, processed)
        found[listed.app_table] = found.get(listed.app_table, Loaded()) + loaded
    return found


def requests_of(summary: Summary) -> Counter[AppTable]:
    """Requests of each app and table: one for the list of instances, one for each that was due."""
    due = summary.selection.due if summary.selection else ()
    requests = Counter(each.listed.app_table for each in due)
    requests.update(requests.keys())
    return requests


def unfinished_tables(summary: Summary) -> Counter[AppTable]:
    """Of each app and table how many instances were due that are neither loaded nor unchanged."""
    outcome = summary.outcome
    done = {each.item.listed.instance.id for each in outcome.completed} | outcome.nothing_to_load
    due = [each.listed for each in summary.selection.due] if summary.selection else []
    return Counter(each.app_table for each in due if each.instance.id not in done)


def instances_left(summary: Summary) -> Counter[str]:
    """Of each app that was listed and is not complete."""
    left: Counter[str] = Counter()
    for (app_id, _), count in unfinished_tables(summary).items():
        left[app_id] += count
    return left


def complete_apps(summary: Summary) -> list[str]:
    """The apps of which all lists were read, and all that was due is loaded or unchanged.

    An app whose report request Apple stopped is one of them: asking again in an hour helps nothing.
    """
    if summary.selection is None:
        return []
    listing, outcome = summary.listing, summary.outcome
    left = instances_left(summary).keys()
    failed = {each.app_id for each in (*listing.failures, *outcome.failures) if each.app_id}
    without = left | failed | listing.apps_in_part
    return [each.id for each in listing.apps if each.id not in without]
