{#- The versions of each app, in the order of their numbers: as text 1.10 comes before 1.9. -#}
{%- set number = "lpad(split_part(app_version_key, '.', %d), 10, '0')" -%}
with told as (
    {%- for name in reports_with('app_version') %}
    select app_id, date_day, dimension_key, dimension_value
    from {{ ref('app_store_connect', 'int_app_store_connect__' ~ name ~ '_by_dimension') }}
    where dimension = 'app_version' and dimension_key <> {{ not_stated() }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

versions as (
    select
        app_id,
        dimension_key as app_version_key,
        min(dimension_value) as app_version,
        min(date_day) as first_day,
        max(date_day) as last_day
    from told
    group by app_id, dimension_key
),

numbered as (
    select
        *,
        -- numbers of up to ten digits; the text itself comes last, for versions that are not of numbers alone
        case
            when app_version_key ~ '^[0-9]+([.][0-9]+)*$'
                then
                    {{ [number % 1, number % 2, number % 3, number % 4] | join(" || '.' || ") }}
                    || '.' || app_version_key
            else 'v' || app_version_key
        end as sort_key
    from versions
)

select
    app_id,
    app_version_key,
    app_version,
    sort_key,
    cast(row_number() over (partition by app_id order by sort_key) as bigint) as version_number,
    lag(app_version) over (partition by app_id order by sort_key) as previous_version,
    first_day,
    last_day
from numbered
