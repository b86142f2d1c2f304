"""`date_owners`: of each date of a report its owner, and whether it was observed and is complete.

A date without rows may be a quiet one. It is missing only if no instance that would carry it was
loaded or listed empty. Dates are counted in whole units, days, weeks or months, from 2001-01-01, a
Monday; each instance observes a span of them.

Here and in `freshness` what some dialect lacks is avoided: row values as a table, `lag`, `like ...
escape`, generated series, and the difference of dates by a minus.
"""

from ..tables import INSTANCE_CHECKS, LOAD_ID, REPORT_CATALOGUE, SLICE_KEY
from ..warehouse.ledger import COMPLETE_LOADS, latest_rows

DATE_OWNERS = "date_owners"
_FIRST_DAY = "cast('2001-01-01' as date)"


def _unit(day: str, granularity: str) -> str:
    """A date as the number of its day, week or month."""
    days = f"date_diff('day', {_FIRST_DAY}, {day})"
    return f"""case {granularity}
        when 'MONTHLY' then cast(
            (extract(year from {day}) - 2001) * 12 + extract(month from {day}) - 1 as bigint)
        when 'WEEKLY' then cast(floor({days} / 7) as bigint)
        else cast({days} as bigint) end"""


_DATE_OF_UNIT = f"""cast(case granularity
        when 'MONTHLY' then {_FIRST_DAY} + interval (unit) month
        when 'WEEKLY' then {_FIRST_DAY} + interval (unit * 7) day
        else {_FIRST_DAY} + interval (unit) day end as date)"""

_PROCESSED = _unit("processing_date", "granularity")

_EMPTY = f"""
    union all
    select app_id, table_name, processing_date, cast(null as date)
    from raw.{INSTANCE_CHECKS.name}
    where outcome = 'empty' and {LOAD_ID} in ({COMPLETE_LOADS}){{more}}"""

_UNTIL_LOOKS = f"""
with slices as (
    select app_id, table_name, date, instance_id, processing_date, access_type, {SLICE_KEY},
        row_count, rows_hash, is_doubled, is_shown, removed_on,
        row_number() over (
            partition by app_id, table_name, date
            order by case when is_shown then 0 else 1 end, processing_date desc, instance_id desc
        ) as place
    from shown.slices{{where}}
),
catalogue as (
    select *, case
        when window_days < 1 then 1
        when lag_days > window_days then window_days
        when lag_days < 1 then 1
        else lag_days end as settles_after
    from ({latest_rows(REPORT_CATALOGUE)}) as known
),
owned as (
    select app_id, table_name, date,
        max(case when place = 1 then instance_id end) as instance_id,
        max(case when place = 1 then processing_date end) as processing_date,
        max(case when place = 1 then access_type end) as access_type,
        min(case when is_shown then processing_date end) as first_processing_date,
        count(distinct instance_id) as vintages,
        count(case when is_shown then 1 end) as slices,
        max(case when is_shown then {SLICE_KEY} end) as newest_slice_key,
        sum(case when is_shown then row_count end) as row_count,
        sum(case when is_shown then rows_hash end) as rows_hash,
        max(case when is_shown and is_doubled then 1 else 0 end) as is_doubled,
        max(case when is_shown and removed_on is not null then 1 else 0 end) as is_removed
    from slices where date is not null
    group by app_id, table_name, date
),
looks as (
    select app_id, table_name, processing_date,
        min(case when access_type = 'ONE_TIME_SNAPSHOT' then date end) as first_date
    from slices group by app_id, table_name, processing_date, instance_id"""

# The last instance that carries a date has told all of it after the lag, or after the window. Units
# without rows are counted from digits, 10,000 days are 27 years: within gaps alone, and digit by
# digit, since 1,000 apps have 17,000 periods, and Postgres takes 2 ms to try 10,000 numbers.
_REST = f"""
),
seen as (
    select looks.app_id, looks.table_name, looks.processing_date, looks.first_date,
        catalogue.granularity, catalogue.window_days, catalogue.settles_after
    from looks join catalogue on catalogue.table_name = looks.table_name
),
known as (
    select app_id, table_name, max(granularity) as granularity,
        max(processing_date) as newest_processing_date,
        max({_PROCESSED} - case granularity when 'DAILY' then settles_after else 1 end)
            as complete_unit
    from seen group by app_id, table_name
),
told as (
    select owned.*, known.granularity, known.newest_processing_date, known.complete_unit
    from owned
    join known on known.app_id = owned.app_id and known.table_name = owned.table_name
),
dated as (select *, {_unit("date", "granularity")} as unit from told),
spans as (
    select app_id, table_name,
        coalesce({_unit("first_date", "granularity")}, {_PROCESSED}
            - case granularity when 'DAILY' then window_days else 2 end) as first_unit,
        {_PROCESSED} - 1 as last_unit
    from seen
    union
    select app_id, table_name, unit, unit from dated
),
steps as (
    select app_id, table_name, first_unit, last_unit, max(last_unit) over (
        partition by app_id, table_name order by first_unit, last_unit
        rows between unbounded preceding and 1 preceding
    ) as known_unit
    from spans
),
numbered as (
    select app_id, table_name, first_unit, last_unit, known_unit, sum(
        case when first_unit <= known_unit + 1 then 0 else 1 end
    ) over (
        partition by app_id, table_name order by first_unit, last_unit
        rows between unbounded preceding and current row
    ) as run
    from steps
),
periods as (
    select app_id, table_name, min(first_unit) as first_unit, max(last_unit) as last_unit,
        1 as is_observed
    from numbered group by app_id, table_name, run
    union all
    select app_id, table_name, known_unit + 1, first_unit - 1, 0
    from steps where first_unit > known_unit + 1
),
inside as (
    select p.app_id, p.table_name, p.first_unit, p.last_unit, d.unit
    from periods as p
    left join dated as d on d.app_id = p.app_id and d.table_name = p.table_name
        and d.unit between p.first_unit and p.last_unit
    where p.is_observed = 1
),
gaps as (
    select app_id, table_name, unit + 1 as first_unit, coalesce(min(unit) over (
        partition by app_id, table_name, first_unit order by unit
        rows between 1 following and 1 following
    ), last_unit + 1) - 1 as last_unit, 1 as is_observed
    from inside where unit is not null
    union all
    select app_id, table_name, first_unit, coalesce(min(unit), last_unit + 1) - 1, 1
    from inside group by app_id, table_name, first_unit, last_unit
    union all
    select app_id, table_name, first_unit, last_unit, 0 from periods where is_observed = 0
),
digits as (
    select 0 as digit union all select 1 union all select 2 union all select 3 union all select 4
    union all select 5 union all select 6 union all select 7 union all select 8 union all select 9
),
quiet as (
    select g.app_id, g.table_name, g.is_observed,
        g.first_unit + a.digit + 10 * b.digit + 100 * c.digit + 1000 * d.digit as unit,
        k.granularity, k.newest_processing_date, k.complete_unit
    from gaps as g
    join digits as d on 1000 * d.digit <= g.last_unit - g.first_unit
    join digits as c on 1000 * d.digit + 100 * c.digit <= g.last_unit - g.first_unit
    join digits as b
        on 1000 * d.digit + 100 * c.digit + 10 * b.digit <= g.last_unit - g.first_unit
    join digits as a on 1000 * d.digit + 100 * c.digit + 10 * b.digit + a.digit
        <= g.last_unit - g.first_unit
    join known as k on k.app_id = g.app_id and k.table_name = g.table_name
),
quiet_dates as (select *, {_DATE_OF_UNIT} as date from quiet)
select app_id, table_name, granularity, date, instance_id, processing_date, access_type,
    first_processing_date, newest_processing_date, vintages, slices, newest_slice_key,
    cast(coalesce(row_count, 0) as bigint) as row_count,
    cast(coalesce(rows_hash, 0) as bigint) as rows_hash,
    cast(is_doubled as boolean) as is_doubled,
    cast(1 - is_removed as boolean) as is_observed,
    cast(case when is_removed = 0 and unit <= complete_unit then 1 else 0 end as boolean)
        as is_complete
from dated
union all
select app_id, table_name, granularity, date, null, null, null,
    null, newest_processing_date, 0, 0, null, 0,
    0, cast(0 as boolean), cast(is_observed as boolean),
    cast(case when is_observed = 1 and unit <= complete_unit then 1 else 0 end as boolean)
from quiet_dates
"""


def date_owners_query(*, has_checks: bool, is_of_apps: bool = False) -> str:
    """The query of the view.

    Args:
        has_checks: whether there is a table of looks at instances; it comes with a later load.
        is_of_apps: only of the apps `:app_ids`. The same condition on the view would come last:
            Postgres works out as a whole what several steps read, of a thousand apps in minutes.
    """
    condition = "app_id in :app_ids"
    where, more = (f" where {condition}", f" and {condition}") if is_of_apps else ("", "")
    until_rest = _UNTIL_LOOKS + (_EMPTY if has_checks else "")
    return until_rest.format(where=where, more=more) + _REST
