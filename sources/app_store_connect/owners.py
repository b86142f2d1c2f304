"""Which instance owns a date: the one rule of truth, as common table expressions.

Apple, on data completeness: instances of a more recent processing date overwrite those of an
earlier one; do not merge the records of a date across two instances, use the latest. Of instances
of one processing date an ONGOING one comes before a snapshot (the day of every snapshot order has
both), one that Apple still lists before one that it lists no more (a report request that was made
anew has the same instances under new ids), and then the greater id.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from app_store_connect.ledger import VISIBLE_SEGMENTS, Ledger, latest_rows
from app_store_connect.tables import INSTANCES, LOAD_ID, SEGMENT_DATES

_ORDER = "processing_date desc, is_snapshot, listed_until desc"

# `listed_until` is the load that found the instance gone, or text that sorts behind all loads.
# An instance by id, whose access type nobody knows, counts as ONGOING: the user asked for it.
CARRIED = f"""
unlisted as ({latest_rows(INSTANCES, LOAD_ID)} and unlisted_since is not null),
carried as (
    select v.app_id, v.table_name, v.granularity, v.segment_id, v.{LOAD_ID}, v.instance_id,
        v.processing_date, d.date, d.row_count, d.rows_hash, d.is_doubled,
        case when v.access_type = 'ONE_TIME_SNAPSHOT' then 1 else 0 end as is_snapshot,
        coalesce(u.{LOAD_ID}, 'still') as listed_until
    from visible as v
    join raw.{SEGMENT_DATES.name} as d
        on d.segment_id = v.segment_id and d.{LOAD_ID} = v.{LOAD_ID}
    left join unlisted as u on u.id = v.instance_id
)"""
"""Of every date the visible segments that carry it. Needs `visible`."""

# The frame is the usual one, but Redshift wants it said.
_OWNED = f"""
owned as (
    select app_id, table_name, granularity, segment_id, {LOAD_ID}, instance_id, processing_date,
        date, row_count, is_doubled, is_snapshot,
        first_value(instance_id) over (
            partition by app_id, table_name, date{{peers}}
            order by {_ORDER}, instance_id desc
            rows between unbounded preceding and current row
        ) as owner_id,
        min(is_snapshot) over (partition by app_id, table_name, date) as is_of_snapshots
    from carried
)"""
OWNED = CARRIED + "," + _OWNED.format(peers="")
"""Of every date one instance owns all rows."""
IS_OWNED = "instance_id = owner_id"
ACCUMULATED = (
    CARRIED
    + ","
    + _OWNED.format(peers=", is_snapshot, case when is_snapshot = 0 then processing_date end")
)
"""Of every date the ONGOING instance of each processing date owns its rows. A snapshot, which holds
all that Apple has of a date, does so alone, where there is no other."""
IS_ACCUMULATED = f"{IS_OWNED} and is_snapshot = is_of_snapshots"

_TIES = f"""
with visible as ({VISIBLE_SEGMENTS.format(condition="processing_date >= :since")}),
{CARRIED},
told as (
    select app_id, table_name, date, instance_id, processing_date, is_snapshot, listed_until,
        sum(row_count) as row_count, sum(rows_hash) as rows_hash
    from carried
    group by app_id, table_name, date, instance_id, processing_date, is_snapshot, listed_until
),
ranked as (
    select app_id, table_name, date, instance_id, row_count, rows_hash,
        rank() over (partition by app_id, table_name, date order by {_ORDER}) as place
    from told
)
select chosen.app_id, chosen.table_name, chosen.instance_id, other.instance_id,
    min(chosen.date), max(chosen.date), count(*)
from ranked as chosen
join ranked as other on other.app_id = chosen.app_id and other.table_name = chosen.table_name
    and other.date = chosen.date and other.instance_id < chosen.instance_id
where chosen.place = 1 and other.place = 1
    and (chosen.row_count <> other.row_count or chosen.rows_hash <> other.rows_hash)
group by chosen.app_id, chosen.table_name, chosen.instance_id, other.instance_id
order by chosen.app_id, chosen.table_name, chosen.instance_id, other.instance_id
"""


@dataclass(frozen=True, slots=True)
class Tie:
    """Two instances of equal rank that tell different figures of the same dates."""

    app_id: int
    table_name: str
    shown_id: str
    other_id: str
    first: date
    last: date
    dates: int

    def __str__(self) -> str:
        when = str(self.first) if self.dates == 1 else f"{self.dates} dates up to {self.last}"
        return (
            f"{self.table_name} of app {self.app_id}: instances {self.shown_id} and {self.other_id}"
            f" have the same processing date and tell different figures of {when}; shown are those"
            f" of {self.shown_id}"
        )


def ties(ledger: Ledger, instance_ids: Iterable[str], *, since: date) -> list[Tie]:
    """The ties that one of these instances, all processed on or after `since`, takes part in."""
    ids = set(instance_ids)
    found = [Tie(*row) for row in ledger.execute(_TIES, since=since)]
    return [tie for tie in found if {tie.shown_id, tie.other_id} & ids]
