{# A report summed over the app's day and over each of its dimensions, in one pass over the view.

   The type of a measure is money where its name ends in _usd, and bigint otherwise. #}
{% macro by_dimension(report) %}
{%- set dimensions = reports()[report].dimensions -%}
{%- set measures = reports()[report].measures -%}
{%- set vintages = ref('app_store_connect', 'int_app_store_connect__vintages') -%}
{%- set is_views = "known.table_name = '" ~ reports()[report].view ~ "'" -%}
with changed as (
    {{ changed(vintages, is_views) }}
),

told as (
    select
        told.app_id,
        told.date_day,
        changed.vintage,
        {%- for name in dimensions %}
        cast(told.{{ name }} as text) as {{ name }},
        coalesce(told.{{ name }}_key, {{ not_stated() }}) as {{ name }}_key,
        {%- endfor %}
        {%- for name, expression in measures.items() %}
        {{ expression }} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('app_store_connect', 'stg_app_store_connect__' ~ report) }} as told
    join changed on changed.app_id = told.app_id and changed.date_day = told.date_day
    where {{ processed_within(vintages, is_views) }}
)

select
    app_id,
    date_day,
    vintage,
    case
        {%- for name in dimensions %}
        when grouping({{ name }}_key) = 0 then '{{ name }}'
        {%- endfor %}
        when true then 'all'
    end as dimension,
    case
        {%- for name in dimensions %}
        when grouping({{ name }}_key) = 0 then {{ name }}_key
        {%- endfor %}
        when true then 'all'
    end as dimension_key,
    case
        {%- for name in dimensions %}
        when grouping({{ name }}_key) = 0 then coalesce(min({{ name }}), {{ not_stated() }})
        {%- endfor %}
        when true then 'all'
    end as dimension_value,
    {%- for name in measures %}
    cast(coalesce(sum({{ name }}), 0) as {{ money() if name.endswith('_usd') else 'bigint' }})
        as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
from told
group by grouping sets (
    (app_id, date_day, vintage)
    {%- for name in dimensions %},
    (app_id, date_day, vintage, {{ name }}_key)
    {%- endfor %}
)
{% endmacro %}
