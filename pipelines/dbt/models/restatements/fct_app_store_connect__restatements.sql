{#- Each total of a day that Apple has told, with how many days after the day it was told. -#}
with told as (
    select
        cast(restatements.app_id as bigint) as app_id,
        cast(restatements.{{ adapter.quote('date') }} as date) as date_day,
        restatements.table_name,
        restatements.report_name,
        cast(restatements.vintage as bigint) as restatement,
        restatements.instance_id,
        restatements.processing_date,
        restatements.measure,
        cast(restatements.measure_total as decimal(38, 9)) as measure_total,
        cast(restatements.row_count as bigint) as row_count,
        restatements.is_shown
    from {{ without_file(source('app_store_connect', 'restatements')) }} as restatements
    where restatements.granularity = 'DAILY'
),

known as (
    select app_id, date_day, table_name, is_complete
    from {{ without_file(ref('app_store_connect', 'int_app_store_connect__vintages')) }}
)

select
    told.app_id,
    told.date_day,
    told.table_name,
    told.report_name,
    told.restatement,
    told.instance_id,
    told.processing_date,
    -- of dates the difference is a number of days in both databases
    cast(told.processing_date - told.date_day as bigint) as age_days,
    told.measure,
    told.measure_total,
    told.row_count,
    told.is_shown,
    coalesce(known.is_complete, false) as is_complete
from told
left join known
    on known.app_id = told.app_id
    and known.date_day = told.date_day
    and known.table_name = told.table_name
