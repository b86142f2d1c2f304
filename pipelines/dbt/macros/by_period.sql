{# A mart by app and week, or month, from the instances of that granularity: a unique count in them is one of
   the whole week, which the counts of its days do not give. #}
{% macro by_period(granularity) %}
{%- set parts = period_parts() -%}
{%- set start = {'WEEKLY': 'week_start', 'MONTHLY': 'month_start'}[granularity] -%}
{%- set owner_columns = {
    'app_id': 'bigint', 'table_name': 'text', 'date': 'date', 'slices': 'bigint', 'is_complete': 'boolean'
} -%}
with owners as (
    select app_id, table_name, {{ adapter.quote('date') }} as {{ start }}, is_complete
    from {{ always(source('app_store_connect', 'date_owners'), owner_columns) }} as told
    where slices > 0
),
{%- for report, part in parts.items() %}

{{ report }} as (
    select
        told.app_id,
        told.date_day as {{ start }},
        {%- for name in part.measures %}
        cast(coalesce(sum({{ reports()[report].measures[name] }}), 0) as {{ money() if name.endswith('_usd') else 'bigint' }})
            as {{ name }},
        {%- endfor %}
        max(case when owners.is_complete then 1 else 0 end) = 1 as {{ report }}_complete
    from (
        {{ stage(part.name ~ '_' ~ granularity | lower, part.date_column, part.columns, part.key_columns) }}
    ) as told
    left join owners
        on owners.app_id = told.app_id
        and owners.{{ start }} = told.date_day
        and owners.table_name = '{{ part.name }}_{{ granularity | lower }}'
    group by told.app_id, told.date_day
){{ ',' if not loop.last }}
{%- endfor %}

select
    app_id,
    {{ start }},
    {%- for report, part in parts.items() %}
    {%- for name in part.measures %}
    {{ report }}.{{ name }},
    {%- endfor %}
    {%- endfor %}
    {%- for report in parts %}
    coalesce({{ report }}.{{ report }}_complete, false) as {{ report }}_complete{{ ',' if not loop.last }}
    {%- endfor %}
from
{%- for report in parts %}
{{ 'full join ' if not loop.first }}{{ report }}{{ ' using (app_id, ' ~ start ~ ')' if not loop.first }}
{%- endfor %}
{% endmacro %}
