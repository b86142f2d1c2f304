{# Every row of a report's view, with all its dimensions, its measures, and whether the report is complete for
   its day. The columns are those of the model's contract. #}
{% macro at_full_grain(report) %}
{%- set measures = reports()[report].measures %}
select
    {%- for name, column in model.columns.items() %}
    {% if name == 'is_complete' -%}
        coalesce(known.is_complete, false)
    {%- elif name in measures -%}
        cast({{ measures[name] }} as {{ column.data_type }})
    {%- else -%}
        told.{{ name }}
    {%- endif %} as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ without_file(ref('app_store_connect', 'stg_app_store_connect__' ~ report)) }} as told
left join {{ without_file(ref('app_store_connect', 'int_app_store_connect__vintages')) }} as known
    on known.app_id = told.app_id
    and known.date_day = told.date_day
    and known.table_name = '{{ reports()[report].view }}'
{% endmacro %}
