{#- Of each app's day: which reports tell of it, whether all are past Apple's completeness lag, and
    one vintage for what the intermediate models hold of it. -#}
with told as (
    {%- for name, report in reports().items() %}
    select app_id, date_day, '{{ report.view }}' as table_name, vintage
    from {{ ref('int_' ~ name ~ '__by_dimension') }}
    where dimension = 'all'
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- of a report that is silent about a day it counts until when it was observed
newest as (
    select app_id, table_name, max(observed_until) as observed_until
    from {{ ref('int_app_store__vintages') }}
    where table_name in (
        {%- for report in reports().values() %}'{{ report.view }}'{{ ', ' if not loop.last }}{% endfor %})
    group by app_id, table_name
),

expected as (
    select
        days.app_id,
        days.date_day,
        newest.table_name,
        told.vintage,
        coalesce(
            vintages.is_complete,
            {{ dbt.datediff('days.date_day', 'newest.observed_until', 'day') }}
                >= {{ lag_of('newest.table_name') }}
        ) as is_complete
    from (select distinct app_id, date_day from told) as days
    join newest on newest.app_id = days.app_id
    left join told
        on told.app_id = days.app_id
        and told.date_day = days.date_day
        and told.table_name = newest.table_name
    left join {{ ref('int_app_store__vintages') }} as vintages
        on vintages.app_id = days.app_id
        and vintages.date_day = days.date_day
        and vintages.table_name = newest.table_name
),

summed as (
    select
        app_id,
        date_day,
        min(case when is_complete then 1 else 0 end) = 1 as is_complete,
        {%- for name, report in reports().items() %}
        max(case when table_name = '{{ report.view }}' and vintage is not null then 1 else 0 end) = 1
            as has_{{ name }},
        {%- endfor %}
        {{ dbt.listagg("table_name || ' ' || coalesce(vintage, '')", "','", "order by table_name") }}
            as vintages
    from expected
    group by app_id, date_day
)

select
    app_id,
    date_day,
    is_complete,
    {%- for name in reports() %}
    has_{{ name }},
    {%- endfor %}
    {{ dbt.hash(edition() ~ " || vintages || cast(is_complete as text)") }} as vintage
from summed
