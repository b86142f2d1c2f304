"""Which rows of a date are shown: the one rule of truth, as the views `slices` and `date_owners`.

Apple, on data completeness: instances of a more recent processing date overwrite those of an
earlier one; do not merge the records of a date across two instances, use the latest. Of instances
of one processing date an ONGOING one comes before a snapshot (the day of every snapshot order has
both), one that Apple still lists before one that it lists no more (a report request that was made
anew has the same instances under new ids), and then the greater id.

Of a report that accumulates the ONGOING instance of each processing date is shown, and a snapshot,
which holds all that Apple has of a date, where there is none; of a segment that several of them
list one copy.

Conditions compare with `<=` where `=` would say the same: of an unknown number Postgres takes a
third of the rows to be at most 1, and one in 200 to be 1.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from ..tables import INSTANCES, LOAD_ID, REPORT_CATALOGUE, SLICE_KEY, SLICES
from ..warehouse.connection import Warehouse
from ..warehouse.ledger import COMPLETE_LOADS, latest_rows, processed_since

SLICES_VIEW = "slices"
_COLUMNS = ", ".join((*SLICES.columns, LOAD_ID))

_ORDER = "processing_date desc, is_snapshot, listed_until desc"

_ACCESS_TYPE = "max(s.access_type) over (partition by s.app_id, s.table_name, s.instance_id)"


# `listed_until` is the load that found the instance gone, or text that sorts behind all loads.
# An instance by id, whose access type nobody knows, counts as ONGOING: the user asked for it. Once
# a load knows the type, it holds for all slices of the instance, so that a date is shown whole.
# App and table are in every `partition by`, so that a query of one of them computes no others.
def _latest(where: str = "") -> str:
    """Of each segment of an instance the slices of its latest load, as `latest`. `where`, which
    begins with `and`, narrows the slices to some apps and processing dates.
    """
    return f"""
with catalogue as ({latest_rows(REPORT_CATALOGUE)}),
unlisted as ({latest_rows(INSTANCES, LOAD_ID, where=where)} and unlisted_since is not null),
loaded as (
    select *, rank() over (
        partition by app_id, table_name, instance_id, segment_id order by {LOAD_ID} desc
    ) as recency
    from raw.{SLICES.name} where {LOAD_ID} in ({COMPLETE_LOADS}){where}
),
latest as (
    select s.{SLICE_KEY}, s.app_id, s.table_name, s.date, s.instance_id, s.processing_date,
        {_ACCESS_TYPE} as access_type, s.segment_id, s.checksum, s.row_count, s.rows_hash,
        s.measure_total, s.is_doubled, s.removed_on, s.{LOAD_ID},
        case when {_ACCESS_TYPE} = 'ONE_TIME_SNAPSHOT' then 1 else 0 end as is_snapshot,
        case when c.policy = 'accumulate' then 1 else 0 end as is_accumulated,
        case when u.unlisted_since is null then 'still' else u.{LOAD_ID} end as listed_until
    from loaded as s
    left join catalogue as c on c.table_name = s.table_name
    left join unlisted as u on u.id = s.instance_id and u.app_id = s.app_id
    where s.recency <= 1
)"""


_RANKED = f"""
{_latest()},
placed as (
    select *,
        dense_rank() over (
            partition by app_id, table_name, date, is_accumulated * (1 - is_snapshot),
                case when is_accumulated * (1 - is_snapshot) = 1 then processing_date end
            order by {_ORDER}, instance_id desc
        ) as place,
        min(is_snapshot) over (partition by app_id, table_name, date) as is_of_snapshots
    from latest
),
ranked as (
    select *, row_number() over (
        partition by app_id, table_name, date, segment_id
        order by place, is_snapshot, processing_date desc, instance_id desc
    ) as copy
    from placed
)"""
SLICES_QUERY = f"""
{_RANKED},
slices as (
    select {_COLUMNS},
        cast(case when place <= 1 and copy <= 1 and is_accumulated * is_snapshot <= is_of_snapshots
            and date is not null then 1 else 0 end as boolean) as is_shown
    from ranked
)"""
"""A row for each slice that counts, and whether its rows are shown, as `slices`."""
SLICES_STATEMENT = f"""
create or replace view shown.this_table as
{SLICES_QUERY}
select {_COLUMNS}, is_shown from slices
"""

_TIES = """
{latest},
told as (
    select app_id, table_name, date, instance_id, processing_date, is_snapshot, listed_until,
        sum(row_count) as row_count, sum(rows_hash) as rows_hash
    from latest
    where date is not null
    group by app_id, table_name, date, instance_id, processing_date, is_snapshot, listed_until
),
ordered as (
    select app_id, table_name, date, instance_id, row_count, rows_hash,
        rank() over (partition by app_id, table_name, date order by {order}) as place
    from told
)
select chosen.app_id, chosen.table_name, chosen.instance_id, other.instance_id,
    min(chosen.date), max(chosen.date), count(*)
from ordered as chosen
join ordered as other on other.app_id = chosen.app_id and other.table_name = chosen.table_name
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


def ties(
    warehouse: Warehouse,
    since: date,
    app_ids: Collection[str] = (),
    instance_ids: Collection[str] = (),
) -> list[Tie]:
    """The ties of instances that were processed on or after `since`: those of these apps, or of
    all, and that one of these instances takes part in, or any.
    """
    where, values = processed_since(since, app_ids)
    question = _TIES.format(latest=_latest(where), order=_ORDER)
    found = [Tie(*row) for row in warehouse.execute(question, **values)]
    ids = {*instance_ids}
    return [tie for tie in found if not ids or {tie.shown_id, tie.other_id} & ids]
