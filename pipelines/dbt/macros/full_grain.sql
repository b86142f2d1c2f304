{# Every row of a report's view, with all its dimensions, and whether the report is complete for its day.
   The columns are those of the model's contract. #}
{% macro at_full_grain(report) %}
select
    {%- for name in model.columns %}
    {{ 'coalesce(known.is_complete, false) as is_complete' if name == 'is_complete' else 'told.' ~ name }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ without_file(ref('app_store_connect', 'stg_app_store_connect__' ~ report)) }} as told
left join {{ without_file(ref('app_store_connect', 'int_app_store_connect__vintages')) }} as known
    on known.app_id = told.app_id
    and known.date_day = told.date_day
    and known.table_name = '{{ reports()[report].view }}'
{% endmacro %}
