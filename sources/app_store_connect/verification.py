"""Whether the destination holds instances whole, asked before Apple is told to delete them."""

from collections import Counter
from collections.abc import Collection, Mapping

from app_store_connect.errors import NotLoadedError
from app_store_connect.ledger import VISIBLE_SEGMENTS, Ledger
from app_store_connect.row_counts import held_rows
from app_store_connect.selection import ListedInstance
from app_store_connect.tables import LOAD_ID, LOADS, SEGMENTS

Held = tuple[str, str, str]
"""Report table, segment id and load."""


def check_loaded(
    ledger: Ledger, instances: Collection[ListedInstance], read: Mapping[str, Collection[str]]
) -> None:
    """Check that the ledger has these instances, and that the report tables hold as many rows of
    them as the ledger counts.

    `read` names the segments that this run loaded of each instance that it looked at. An instance
    without ledger rows passes if Apple lists no segment of it, or if others hold its segments.

    Raises:
        NotLoadedError: an instance is not there whole.
        DestinationError: the destination cannot be asked, or a table is gone.
    """
    said = _ledger_counts(ledger, instances)
    own = [said.get(each.instance.id, {}) for each in instances]
    found: Counter[Held] = Counter()
    for name in {name for counts in own for name, *_ in counts}:
        found |= held_rows(ledger, name)
    kept = {segment_id for counts in said.values() for _, segment_id, _ in counts}
    for each in instances:
        counts, segments = said.get(each.instance.id, {}), read.get(each.instance.id)
        if not counts and (segments is None or not kept.issuperset(segments)):
            raise NotLoadedError(str(each), "is not in the ledger")
        for held, count in counts.items():
            if found[held] != count:
                problem = f"has {found[held]:,} rows in {held[0]} where the ledger counts {count:,}"
                raise NotLoadedError(str(each), problem)


def _ledger_counts(
    ledger: Ledger, instances: Collection[ListedInstance]
) -> dict[str, dict[Held, int]]:
    """How many rows the ledger counts of each segment, by instance, from the oldest of these on."""
    if not instances or not {SEGMENTS.name, LOADS} <= ledger.columns().keys():
        return {}
    visible = VISIBLE_SEGMENTS.format(condition="processing_date >= :since")
    rows = ledger.execute(
        f"select instance_id, table_name, segment_id, {LOAD_ID}, row_count from ({visible})"
        " as visible where checksum is not null",
        since=min(each.instance.processing_date for each in instances),
    )
    counts: dict[str, dict[Held, int]] = {}
    for instance_id, table, segment_id, load_id, count in rows:
        counts.setdefault(instance_id, {})[table, segment_id, load_id] = count
    return counts
