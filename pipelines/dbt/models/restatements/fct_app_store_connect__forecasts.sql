{{ config(materialized='table') }}

{#- For each day that is not complete the total to expect, from the shares that complete days had of
    their total at the same age. -#}
with told as (
    select
        app_id, date_day, table_name, report_name, measure, age_days, measure_total, is_complete, is_shown,
        row_number() over (
            partition by app_id, table_name, date_day, age_days order by restatement desc
        ) as place
    from {{ ref('app_store_connect', 'fct_app_store_connect__restatements') }}
    where measure_total > 0
),

-- a share at an age of which Apple told nothing is that of the age before, so none is made up here
shares as (
    select
        told.app_id,
        told.table_name,
        told.age_days,
        cast(told.measure_total as double precision) / shown.measure_total as share,
        row_number() over (
            partition by told.app_id, told.table_name, told.age_days order by told.date_day desc
        ) as recency
    from told
    join told as shown
        on shown.app_id = told.app_id
        and shown.table_name = told.table_name
        and shown.date_day = told.date_day
    where told.place = 1 and shown.is_shown and shown.is_complete
),

expected as (
    select
        app_id,
        table_name,
        age_days,
        count(*) as days,
        percentile_cont(0.1) within group (order by share) as low_share,
        percentile_cont(0.5) within group (order by share) as share,
        percentile_cont(0.9) within group (order by share) as high_share
    from shares
    where recency <= {{ forecast_days() }}
    group by app_id, table_name, age_days
    having count(*) >= {{ fewest_forecast_days() }}
)

select
    told.app_id,
    told.date_day,
    told.table_name,
    told.report_name,
    told.measure,
    told.age_days,
    told.measure_total as told_so_far,
    cast(told.measure_total / expected.share as double precision) as expected_total,
    cast(told.measure_total / expected.high_share as double precision) as expected_low,
    cast(told.measure_total / expected.low_share as double precision) as expected_high,
    cast(expected.days as bigint) as days_compared
from told
join expected
    on expected.app_id = told.app_id
    and expected.table_name = told.table_name
    and expected.age_days = told.age_days
where told.is_shown and not told.is_complete
