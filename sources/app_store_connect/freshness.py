"""`data_freshness`: how far each report has come, what nobody observed, and what does not come.

A date without rows may be a quiet one. It is missing only if no instance that would carry it was
loaded or listed empty. Dates are counted in whole units, days, weeks or months, from 2001-01-01, a
Monday; each instance observes a span of them.

What some dialect lacks is avoided: row values as a table, `lag`, `like ... escape`, generated
series, and the difference of dates by a minus.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from app_store_connect.catalog import ReportSchema
from app_store_connect.ledger import COMPLETE_LOADS, VISIBLE_SEGMENTS, latest_rows
from app_store_connect.owners import IS_OWNED, OWNED
from app_store_connect.selection import RETENTION_DAYS
from app_store_connect.tables import (
    INSTANCE_CHECKS,
    INSTANCES,
    LOAD_ID,
    MISSING_REPORTS,
    REPORTS,
)

FRESHNESS = "data_freshness"
EXPIRY_WARNING_DAYS = 28
"""From this age on an instance that is not loaded counts as about to pass Apple's 35 days."""
_DAYS_OF_WEEK = range(7)


def freshness_view(
    schemas: Mapping[str, ReportSchema], existing: Iterable[str], report_name: str
) -> str:
    """The statement, with the placeholders of `facts`.

    Args:
        schemas: by table name, of every table that is loaded.
        existing: the raw tables that there are; some come with a later load.
        report_name: the ledger's name of a report, as an expression over a listed report `r`.
    """
    tables = set(existing)
    empty = _EMPTY if INSTANCE_CHECKS.name in tables else ""
    is_there = MISSING_REPORTS.name in tables
    missing = f"{latest_rows(MISSING_REPORTS)} and reason is not null" if is_there else _NO_REASONS
    return _VIEW.format(
        facts=_facts(schemas),
        empty=empty,
        missing=missing,
        day=_unit("date", "granularity"),
        processed=_unit("processing_date", "granularity"),
        first_told=_unit("first_date", "granularity"),
        complete=_complete_date(schemas.values()),
        name=report_name,
    )


def facts(schemas: Mapping[str, ReportSchema]) -> dict[str, Any]:
    """The values of the view's placeholders."""
    values: dict[str, Any] = {}
    for number, (name, schema) in enumerate(sorted(schemas.items())):
        values |= {
            f"name_{number}": name,
            f"window_{number}": schema.window_days,
            f"settles_{number}": _settles_after(schema),
        }
    return values


def _facts(schemas: Mapping[str, ReportSchema]) -> str:
    return " union all ".join(
        f"select cast(:name_{number} as text) as table_name,"
        f" cast(:window_{number} as bigint) as window_days,"
        f" cast(:settles_{number} as bigint) as settles_after"
        for number in range(len(schemas))
    )


def _settles_after(schema: ReportSchema) -> int:
    """After how many days the last instance that carries a date has told all of it."""
    return max(1, min(schema.lag_days, schema.window_days))


def _unit(day: str, granularity: str) -> str:
    """A date as the number of its day, week or month."""
    days = f"date_diff('day', cast('2001-01-01' as date), {day})"
    return f"""case {granularity}
        when 'MONTHLY' then cast(
            extract(year from {day}) * 12 + extract(month from {day}) as bigint)
        when 'WEEKLY' then cast(floor({days} / 7) as bigint)
        else cast({days} as bigint) end"""


def _complete_date(schemas: Iterable[ReportSchema]) -> str:
    """The newest date that an instance, by its processing date, tells completely."""
    settled = sorted({_settles_after(schema) for schema in schemas})
    days = " ".join(f"when {n} then {_earlier(n)}" for n in settled)
    weekday = "date_diff('day', cast('2001-01-01' as date), processing_date) % 7"
    mondays = " ".join(f"when {n} then {_earlier(n + 7)}" for n in _DAYS_OF_WEEK)
    month = "date_trunc('month', cast(processing_date as date))"
    return f"""cast(case
        when granularity = 'MONTHLY' then {month} - interval '1' month
        when granularity = 'WEEKLY' then case {weekday} {mondays} end
        else case settles_after {days} end
    end as date)"""


def _earlier(days: int) -> str:
    return f"cast(processing_date as date) - interval '{days}' day"


_NO_REASONS = """
    select app_id, cast(null as text) as report_name, cast(null as text) as granularity,
        cast(null as text) as reason
    from visible where 1 = 0"""

_EMPTY = f"""
    union all
    select c.app_id, c.table_name, c.granularity, c.processing_date, cast(null as date)
    from raw.{INSTANCE_CHECKS.name} as c
    where c.outcome = 'empty' and c.{LOAD_ID} in ({COMPLETE_LOADS})"""

_VIEW = f"""
create or replace view shown.this_table as
with visible as ({VISIBLE_SEGMENTS.format(condition="1 = 1")}),
{OWNED},
days as (
    select app_id, table_name, granularity, date, max(case when is_doubled then 1 else 0 end)
        as is_doubled
    from owned
    where {IS_OWNED}
    group by app_id, table_name, granularity, date
),
reports as (
    select app_id, table_name, report_name, granularity,
        max(processing_date) as newest_processing_date
    from visible group by app_id, table_name, report_name, granularity
),
facts as ({{facts}}),
snapshots as (
    select instance_id, min(date) as first_date from owned where is_snapshot = 1
    group by instance_id
),
looks as (
    select v.app_id, v.table_name, v.granularity, v.processing_date, s.first_date
    from visible as v left join snapshots as s on s.instance_id = v.instance_id{{empty}}
),
seen as (
    select distinct looks.app_id, looks.table_name, looks.granularity, looks.processing_date,
        looks.first_date, facts.window_days, facts.settles_after
    from looks join facts on facts.table_name = looks.table_name
),
spans as (
    select app_id, table_name,
        coalesce({{first_told}}, {{processed}}
            - case granularity when 'DAILY' then window_days else 2 end) as first_unit,
        {{processed}} - 1 as last_unit
    from seen
    union all
    select app_id, table_name, {{day}} as first_unit, {{day}} as last_unit from days
),
steps as (
    select app_id, table_name, first_unit,
        max(last_unit) over (
            partition by app_id, table_name order by first_unit, last_unit
            rows between unbounded preceding and 1 preceding
        ) as known_unit
    from spans
),
gaps as (
    select app_id, table_name, sum(first_unit - known_unit - 1) as missing_dates,
        min(known_unit) as known_unit
    from steps where first_unit > known_unit + 1
    group by app_id, table_name
),
before as (
    select days.app_id, days.table_name, max(days.date) as last_date_before_gap
    from days
    join gaps on gaps.app_id = days.app_id and gaps.table_name = days.table_name
    where {{day}} <= gaps.known_unit
    group by days.app_id, days.table_name
),
dated as (
    select app_id, table_name, max(date) as newest_date, sum(is_doubled) as doubled_dates
    from days group by app_id, table_name
),
settled as (
    select app_id, table_name, max({{complete}}) as newest_complete_date
    from seen group by app_id, table_name
),
waiting as (
    select r.app_id as app_id, {{name}} as name, i.granularity as granularity,
        count(distinct i.id) as expiring_instances
    from raw.{INSTANCES.name} as i
    join raw.{REPORTS.name} as r on r.id = i.report_id
    where i.id not in (select instance_id from visible)
    and i.{LOAD_ID} in ({COMPLETE_LOADS})
    and date_diff('day', i.processing_date, current_date)
        between {EXPIRY_WARNING_DAYS} and {RETENTION_DAYS}
    group by r.app_id, {{name}}, i.granularity
),
missing as ({{missing}}),
known as (
    select app_id, report_name, granularity from reports
    union select app_id, name, granularity from waiting
    union select app_id, report_name, granularity from missing
        where report_name is not null and granularity is not null
)
select known.app_id, known.report_name, known.granularity, reports.table_name,
    reports.newest_processing_date, dated.newest_date, settled.newest_complete_date,
    cast(coalesce(gaps.missing_dates, 0) as bigint) as missing_dates, before.last_date_before_gap,
    cast(coalesce(dated.doubled_dates, 0) as bigint) as doubled_dates,
    coalesce(waiting.expiring_instances, 0) as expiring_instances, missing.reason
from known
left join reports on reports.app_id = known.app_id and reports.report_name = known.report_name
    and reports.granularity = known.granularity
left join dated on dated.app_id = reports.app_id and dated.table_name = reports.table_name
left join settled on settled.app_id = reports.app_id and settled.table_name = reports.table_name
left join gaps on gaps.app_id = reports.app_id and gaps.table_name = reports.table_name
left join before on before.app_id = reports.app_id and before.table_name = reports.table_name
left join waiting on waiting.app_id = known.app_id and waiting.name = known.report_name
    and waiting.granularity = known.granularity
left join missing on missing.app_id = known.app_id and missing.report_name = known.report_name
    and missing.granularity = known.granularity
union all
select app_id, report_name, granularity, cast(null as text), cast(null as date),
    cast(null as date), cast(null as date), cast(0 as bigint), cast(null as date),
    cast(0 as bigint), cast(0 as bigint), reason
from missing where report_name is null or granularity is null
"""
