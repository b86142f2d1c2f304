{#- Every day from the first that a report tells of to the last. -#}
with digits as (
    {%- for digit in range(10) %}
    select {{ digit }} as digit {{ 'union all' if not loop.last }}
    {%- endfor %}
),

numbers as (
    select ones.digit + 10 * tens.digit + 100 * hundreds.digit + 1000 * thousands.digit as number
    from digits as ones
    cross join digits as tens
    cross join digits as hundreds
    cross join digits as thousands
),

bounds as (
    select min(date_day) as first_day, max(date_day) as last_day
    from {{ ref('app_store_connect', 'int_app_store_connect__vintages') }}
),

days as (
    select cast({{ dbt.dateadd('day', 'numbers.number', 'bounds.first_day') }} as date) as date_day
    from bounds
    join numbers
        on numbers.number <= {{ dbt.datediff('bounds.first_day', 'bounds.last_day', 'day') }}
)

select
    date_day,
    cast({{ dbt.date_trunc('week', 'date_day') }} as date) as week_start,
    cast({{ dbt.date_trunc('month', 'date_day') }} as date) as month_start,
    cast(extract(year from date_day) as integer) as year,
    cast(extract(month from date_day) as integer) as month,
    cast(extract(day from date_day) as integer) as day_of_month,
    cast(extract(isodow from date_day) as integer) as day_of_week,
    case cast(extract(isodow from date_day) as integer)
        when 1 then 'Monday'
        when 2 then 'Tuesday'
        when 3 then 'Wednesday'
        when 4 then 'Thursday'
        when 5 then 'Friday'
        when 6 then 'Saturday'
        when 7 then 'Sunday'
    end as day_name,
    extract(isodow from date_day) in (6, 7) as is_weekend
from days
