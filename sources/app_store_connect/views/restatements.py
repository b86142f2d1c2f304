"""`restatements`: the figures of a date by vintage, and which vintage is shown."""

from ..tables import LOAD_ID, REPORT_CATALOGUE, SLICES
from ..warehouse.ledger import COMPLETE_LOADS, latest_rows
from .owners import SLICES_VIEW

RESTATEMENTS = "restatements"

_BEFORE = "rows between 1 preceding and 1 preceding"
_UP_TO = "rows between unbounded preceding and current row"

# On ClickHouse a column that cannot be NULL is '' or 0 where a frame is empty or a join finds no
# row: the cast makes it one that can, and what is joined is compared with 1.
#
# A vintage is an instance as of one load. A segment that is published anew adds its rows in its
# load, and takes away those of the load before. Which of two instances with one processing date is
# loaded first is chance: the one that the views prefer comes last, as in `slices`.
RESTATEMENTS_STATEMENT = f"""
create or replace view shown.this_table as
with catalogue as ({latest_rows(REPORT_CATALOGUE)}),
slices as (
    select * from raw.{SLICES.name} where {LOAD_ID} in ({COMPLETE_LOADS})
),
loads as (
    select instance_id, segment_id, {LOAD_ID}, max(cast({LOAD_ID} as text)) over (
        partition by instance_id, segment_id order by {LOAD_ID}
        rows between 1 following and 1 following
    ) as ended_by
    from (select distinct instance_id, segment_id, {LOAD_ID} from slices) as once
),
events as (
    select app_id, table_name, date, instance_id, processing_date, access_type, {LOAD_ID},
        row_count, measure_total
    from slices where date is not null
    union all
    select s.app_id, s.table_name, s.date, s.instance_id, s.processing_date, s.access_type,
        l.ended_by, -s.row_count, -s.measure_total
    from slices as s
    join loads as l on l.instance_id = s.instance_id and l.segment_id = s.segment_id
        and l.{LOAD_ID} = s.{LOAD_ID}
    where s.date is not null and l.ended_by is not null
),
changes as (
    select app_id, table_name, date, instance_id, processing_date, {LOAD_ID},
        max(access_type) as access_type, sum(row_count) as row_count,
        sum(measure_total) as measure_total
    from events
    group by app_id, table_name, date, instance_id, processing_date, {LOAD_ID}
),
vintages as (
    select app_id, table_name, date, instance_id, processing_date, access_type, {LOAD_ID},
        cast(sum(row_count) over (
            partition by app_id, table_name, date, instance_id order by {LOAD_ID} {_UP_TO}
        ) as bigint) as row_count,
        sum(measure_total) over (
            partition by app_id, table_name, date, instance_id order by {LOAD_ID} {_UP_TO}
        ) as measure_total,
        row_number() over (
            partition by app_id, table_name, date, instance_id order by {LOAD_ID} desc
        ) as age,
        row_number() over (
            partition by app_id, table_name, date
            order by processing_date,
                case when access_type = 'ONE_TIME_SNAPSHOT' then 0 else 1 end,
                instance_id, {LOAD_ID}
        ) as vintage
    from changes
),
shown as (
    select app_id, table_name, date, instance_id, 1 as is_there
    from shown.{SLICES_VIEW} where is_shown
    group by app_id, table_name, date, instance_id
)
select v.app_id, c.report_name, c.granularity, v.table_name, v.date, v.vintage, v.instance_id,
    v.processing_date, v.access_type, v.{LOAD_ID}, v.row_count,
    v.row_count - max(v.row_count) over (
        partition by v.app_id, v.table_name, v.date order by v.vintage {_BEFORE}
    ) as row_change,
    c.first_measure as measure, v.measure_total,
    v.measure_total - max(v.measure_total) over (
        partition by v.app_id, v.table_name, v.date order by v.vintage {_BEFORE}
    ) as measure_change,
    cast(case when v.age = 1 and s.is_there = 1 then 1 else 0 end as boolean)
        as is_shown
from vintages as v
join catalogue as c on c.table_name = v.table_name
left join shown as s on s.app_id = v.app_id and s.table_name = v.table_name
    and s.date = v.date and s.instance_id = v.instance_id
"""
