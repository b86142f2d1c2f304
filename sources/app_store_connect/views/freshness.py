"""`data_freshness`: the newest date of each report, missing dates, and missing reports."""

from collections.abc import Iterable

from ..instances import RETENTION_DAYS
from ..tables import (
    INSTANCES,
    LOAD_ID,
    MISSING_REPORTS,
    REPORT_CATALOGUE,
    REPORTS,
    SLICES,
)
from ..warehouse.ledger import COMPLETE_LOADS, latest_rows
from .date_owners import DATE_OWNERS

FRESHNESS = "data_freshness"
EXPIRY_WARNING_DAYS = 28
"""From this age on an instance that is not loaded counts as about to pass Apple's 35 days."""


def freshness_statement(existing: Iterable[str], report_name: str) -> str:
    """The view's statement.

    Args:
        existing: the raw tables that there are; some come with a later load.
        report_name: the ledger's name of a report, as an expression over a listed report `r`.
    """
    is_there = MISSING_REPORTS.name in existing
    missing = f"{latest_rows(MISSING_REPORTS)} and reason is not null" if is_there else _NO_REASONS
    return f"""
create or replace view shown.this_table as
with listed as (select id, app_id, {report_name} as report_name from raw.{REPORTS.name} as r),
missing as ({missing}),{_REST}"""


_NO_REASONS = f"""
    select app_id, cast(null as text) as report_name, cast(null as text) as granularity,
        cast(null as text) as reason
    from raw.{REPORTS.name} where 1 = 0"""

_REST = f"""
dated as (
    select o.*, min(case when not o.is_observed then o.date end) over (
        partition by o.app_id, o.table_name
    ) as first_missing_date
    from shown.{DATE_OWNERS} as o
),
reports as (
    select o.app_id, o.table_name, c.report_name, c.granularity,
        max(o.newest_processing_date) as newest_processing_date,
        max(case when o.slices > 0 then o.date end) as newest_date,
        max(case when o.is_complete then o.date end) as newest_complete_date,
        count(case when not o.is_observed then 1 end) as missing_dates,
        max(case when o.slices > 0 and o.date < o.first_missing_date then o.date end)
            as last_date_before_gap,
        count(case when o.is_doubled then 1 end) as doubled_dates
    from dated as o
    join ({latest_rows(REPORT_CATALOGUE)}) as c on c.table_name = o.table_name
    group by o.app_id, o.table_name, c.report_name, c.granularity
),
waiting as (
    select r.app_id as app_id, r.report_name as name, i.granularity as granularity,
        count(distinct i.id) as expiring_instances
    from raw.{INSTANCES.name} as i
    join listed as r on r.id = i.report_id
    where not exists (
        select 1 from raw.{SLICES.name} as s
        where s.instance_id = i.id and s.{LOAD_ID} in ({COMPLETE_LOADS})
    )
    and i.{LOAD_ID} in ({COMPLETE_LOADS})
    and date_diff('day', i.processing_date, current_date)
        between {EXPIRY_WARNING_DAYS} and {RETENTION_DAYS}
    group by r.app_id, r.report_name, i.granularity
),
known as (
    select app_id, report_name, granularity from reports
    union select app_id, name, granularity from waiting
    union select app_id, report_name, granularity from missing
        where report_name is not null and granularity is not null
)
select known.app_id, known.report_name, known.granularity, reports.table_name,
    reports.newest_processing_date, reports.newest_date, reports.newest_complete_date,
    cast(coalesce(reports.missing_dates, 0) as bigint) as missing_dates,
    reports.last_date_before_gap,
    cast(coalesce(reports.doubled_dates, 0) as bigint) as doubled_dates,
    coalesce(waiting.expiring_instances, 0) as expiring_instances, missing.reason
from known
left join reports on reports.app_id = known.app_id and reports.report_name = known.report_name
    and reports.granularity = known.granularity
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
