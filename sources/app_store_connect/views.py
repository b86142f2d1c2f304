"""The truth about restatements, as views: generated once, from the ledger and the catalogue.

Apple, on data completeness: instances of a more recent processing date overwrite those of an
earlier one; do not merge the records of a date across two instances, use the latest. So of every
date the instance with the greatest (processing date, instance id) owns all rows, whatever order
instances arrived in.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from app_store_connect import tables
from app_store_connect.catalog import ReportSchema, RestatementPolicy, policy_of, schema_of
from app_store_connect.errors import DestinationError
from app_store_connect.ledger import COMPLETE_LOADS, VISIBLE_SEGMENTS, Ledger
from app_store_connect.provenance import PROVENANCE, SEGMENT_KEY
from app_store_connect.selection import RETENTION_DAYS
from app_store_connect.tables import INSTANCES, LOAD_ID, LOADS, SEGMENT_DATES, SEGMENTS

FRESHNESS = "data_freshness"
EXPIRY_WARNING_DAYS = 28
"""From this age on an instance that is not loaded counts as about to pass Apple's 35 days."""

_VISIBLE = VISIBLE_SEGMENTS.format(condition="table_name = :table_name")

# Of every date the visible segments that carry it, with the instance that owns it. The frame is
# the usual one, but Redshift wants it said.
_OWNED = f"""
    select v.app_id, v.table_name, v.granularity, v.segment_id, v.{LOAD_ID}, v.instance_id,
        v.processing_date, d.date, d.row_count,
        first_value(v.instance_id) over (
            partition by v.app_id, v.table_name, d.date
            order by v.processing_date desc, v.instance_id desc
            rows between unbounded preceding and current row
        ) as owner_id
    from visible as v
    join raw.{SEGMENT_DATES.name} as d
        on d.segment_id = v.segment_id and d.{LOAD_ID} = v.{LOAD_ID}
"""

# `in`, since `exists` with an expression in it makes DuckDB join the rows with themselves.
_REPLACE_VIEW = f"""
create or replace view shown.this_table as
with visible as ({_VISIBLE}),
owned as ({_OWNED})
select {{columns}}
from raw.this_table as r
where (r.{SEGMENT_KEY}, r.{LOAD_ID}, {{day}}) in (
    select segment_id, {LOAD_ID}, date from owned where instance_id = owner_id
)
"""

_ACCUMULATE_VIEW = f"""
create or replace view shown.this_table as
with visible as ({_VISIBLE})
select {{columns}}
from raw.this_table as r
where (r.{SEGMENT_KEY}, r.{LOAD_ID}) in (select segment_id, {LOAD_ID} from visible)
"""

# What some dialect lacks is avoided: row values as a table, `lag`, `like ... escape`, and the
# difference of dates by a minus.
_FRESHNESS_VIEW = f"""
create or replace view shown.this_table as
with visible as ({VISIBLE_SEGMENTS.format(condition="1 = 1")}),
owned as ({_OWNED}),
days as (
    select distinct app_id, table_name, granularity, date, processing_date from owned
    where instance_id = owner_id
),
reports as (
    select app_id, table_name, report_name, granularity,
        max(processing_date) as newest_processing_date
    from visible group by app_id, table_name, report_name, granularity
),
lags as ({{lags}}),
gaps as (
    select days.app_id, days.table_name, days.granularity, days.date, days.processing_date,
        lags.lag_days,
        max(days.date) over (
            partition by days.app_id, days.table_name order by days.date
            rows between 1 preceding and 1 preceding
        ) as previous_date
    from days join lags on lags.table_name = days.table_name
),
steps as (
    select app_id, table_name, date, previous_date, processing_date, lag_days,
        case
            when previous_date is null then 0
            when granularity = 'MONTHLY' then
                (extract(year from date) - extract(year from previous_date)) * 12
                + extract(month from date) - extract(month from previous_date) - 1
            when granularity = 'WEEKLY' then
                cast(floor(date_diff('day', previous_date, date) / 7) as bigint) - 1
            else date_diff('day', previous_date, date) - 1
        end as missing
    from gaps
),
dated as (
    select app_id, table_name, max(date) as newest_date,
        max(case when date_diff('day', date, processing_date) >= lag_days then date end)
            as newest_complete_date,
        sum(case when missing > 0 then missing else 0 end) as missing_dates,
        min(case when missing > 0 then previous_date end) as last_date_before_gap
    from steps group by app_id, table_name
),
waiting as (
    select r.app_id, {{name}} as name, i.granularity,
        count(distinct i.id) as expiring_instances
    from raw.{INSTANCES.name} as i
    join raw.{tables.REPORTS.name} as r on r.id = i.report_id
    where i.id not in (select instance_id from visible)
    and i.{LOAD_ID} in ({COMPLETE_LOADS})
    and date_diff('day', i.processing_date, current_date)
        between {EXPIRY_WARNING_DAYS} and {RETENTION_DAYS}
    group by r.app_id, {{name}}, i.granularity
),
known as (
    select app_id, report_name, granularity from reports
    union select app_id, name, granularity from waiting
)
select known.app_id, known.report_name, known.granularity, reports.table_name,
    reports.newest_processing_date, dated.newest_date, dated.newest_complete_date,
    cast(coalesce(dated.missing_dates, 0) as bigint) as missing_dates, dated.last_date_before_gap,
    coalesce(waiting.expiring_instances, 0) as expiring_instances
from known
left join reports on reports.app_id = known.app_id and reports.report_name = known.report_name
    and reports.granularity = known.granularity
left join dated on dated.app_id = reports.app_id and dated.table_name = reports.table_name
left join waiting on waiting.app_id = known.app_id and waiting.name = known.report_name
    and waiting.granularity = known.granularity
"""


def create_views(ledger: Ledger, policies: Mapping[str, RestatementPolicy]) -> list[str]:
    """Create or replace the view of every loaded table, and `data_freshness`; says which there are.

    Args:
        policies: by `comparable_name`, what overrides the catalogue.
    """
    columns = ledger.columns()
    if not {SEGMENTS.name, SEGMENT_DATES.name, INSTANCES.name, LOADS} <= columns.keys():
        return []
    _create_dataset(ledger)
    loaded = ledger.execute(
        f"select table_name, max(report_name), max(category) from raw.{SEGMENTS.name}"
        f" where {LOAD_ID} in ({COMPLETE_LOADS}) group by table_name"
    )
    schemas = {name: schema_of(report, category) for name, report, category in loaded}
    for name, schema in schemas.items():
        policy = policy_of(schema, columns[ledger.physical(name)], policies)
        _create_view(ledger, name, columns[ledger.physical(name)], schema, policy)
    _create_freshness(ledger, schemas)
    return sorted(schemas)


def _create_dataset(ledger: Ledger) -> None:
    with ledger.client.with_alternative_dataset_name(ledger.views_dataset) as client:
        if not client.has_dataset():
            client.create_dataset()


def _create_view(
    ledger: Ledger,
    name: str,
    columns: Iterable[str],
    schema: ReportSchema,
    policy: RestatementPolicy,
) -> None:
    template = _REPLACE_VIEW if policy is RestatementPolicy.REPLACE else _ACCUMULATE_VIEW
    own = {column for column, _ in PROVENANCE}  # its processing date would pass for Apple's date
    day = "r._processing_date"
    if dates := [f'r."{column}"' for column in schema.date_columns_in(set(columns) - own)]:
        day = f"coalesce({', '.join(dates)}, {day})"
    shown = ", ".join(f'r."{column}"' for column in columns)
    statement = template.format(columns=shown, day=day)
    _replace(ledger, name, statement, table_name=name)


def _replace(ledger: Ledger, view: str, statement: str, **values: Any) -> None:
    """Some destinations refuse to replace a view by one with other columns."""
    try:
        ledger.execute(statement, this_table=view, **values)
    except DestinationError:
        with ledger.transaction(of_views=True):
            ledger.execute("drop view if exists shown.this_table", this_table=view)
            ledger.execute(statement, this_table=view, **values)


def _create_freshness(ledger: Ledger, schemas: Mapping[str, ReportSchema]) -> None:
    if tables.REPORTS.name not in ledger.columns() or not schemas:
        return
    values: dict[str, Any] = {}
    for number, (name, schema) in enumerate(sorted(schemas.items())):
        values |= {f"name_{number}": name, f"lag_{number}": schema.lag_days}
    lags = " union all ".join(
        f"select cast(:name_{number} as text) as table_name,"
        f" cast(:lag_{number} as bigint) as lag_days"
        for number in range(len(schemas))
    )
    _replace(
        ledger, FRESHNESS, _FRESHNESS_VIEW.format(lags=lags, name=ledger.report_name()), **values
    )
