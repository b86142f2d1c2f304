{#- A row for each app and day: the reports that have it, a flag for each report that is complete, the flag
    for all, and a fingerprint of the rows that the intermediate models have of the day. -#}
with told as (
    {%- for name, report in reports_with('all').items() %}
    select
        app_id,
        date_day,
        '{{ report.view }}' as table_name,
        vintage
    from {{ ref('app_store_connect', 'int_app_store_connect__' ~ name ~ '_by_dimension') }}
    where dimension = 'all'
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- of a report that is silent about a day it counts until when it was observed
newest as (
    select
        app_id,
        table_name,
        max(complete_until) as complete_until
    from {{ ref('app_store_connect', 'int_app_store_connect__vintages') }}
    where
        table_name in (
            {%- for report in reports_with('all').values() %}
            '{{ report.view }}'{{ ',' if not loop.last }}
            {%- endfor %}
        )
    group by app_id, table_name
),

days as (
    select distinct
        app_id,
        date_day
    from told
),

-- Put together without a join by date: Postgres may join by the app alone, and look at each pair of
-- an app's days.
parts as (
    select
        days.app_id,
        days.date_day,
        newest.table_name,
        cast(null as text) as vintage,
        cast(null as integer) as is_complete,
        case when days.date_day <= newest.complete_until then 1 else 0 end as is_past_lag
    from days
    join newest on newest.app_id = days.app_id
    union all
    select
        app_id,
        date_day,
        table_name,
        vintage,
        null as is_complete,
        null as is_past_lag
    from told
    union all
    select
        app_id,
        date_day,
        table_name,
        null as vintage,
        case when is_complete then 1 else 0 end as is_complete,
        null as is_past_lag
    from {{ ref('app_store_connect', 'int_app_store_connect__vintages') }}
),

expected as (
    select
        app_id,
        date_day,
        table_name,
        max(vintage) as vintage,
        coalesce(max(is_complete), max(is_past_lag)) as is_complete
    from parts
    group by app_id, date_day, table_name
    having max(is_past_lag) is not null
),

-- a changed name reaches the days that are built already
territories as (
    select {{ dbt.listagg("territory || territory_name || region", "','", "order by territory") }} as names
    from {{ ref('app_store_connect', 'app_store_connect_territories') }}
),

summed as (
    select
        app_id,
        date_day,
        min(is_complete) = 1 as is_complete,
        {%- for name, report in reports_with('all').items() %}
        coalesce(min(case when table_name = '{{ report.view }}' then is_complete end), 1) = 1
            as {{ name }}_complete,
        max(case when table_name = '{{ report.view }}' and vintage is not null then 1 else 0 end) = 1
            as has_{{ name }},
        {%- endfor %}
        {{ dbt.listagg(
            "table_name || ' ' || coalesce(vintage, '') || ' ' || cast(is_complete as text)",
            "','",
            "order by table_name"
        ) }} as vintages
    from expected
    group by app_id, date_day
)

select
    summed.app_id,
    summed.date_day,
    summed.is_complete,
    {%- for name in reports_with('all') %}
    summed.{{ name }}_complete,
    summed.has_{{ name }},
    {%- endfor %}
    {{ dbt.hash(edition() ~ " || summed.vintages || territories.names") }} as vintage
from summed
cross join territories
