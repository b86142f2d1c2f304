{# Every row of a report's view, with all its dimensions, and whether the report is complete for its day. #}
{% macro at_full_grain(staging, view, columns) %}
select
    told.app_id,
    told.date_day,
    {%- for name in columns %}
    told.{{ name }},
    {%- endfor %}
    coalesce(known.is_complete, false) as is_complete
from {{ without_file(ref('app_store_connect', staging)) }} as told
left join {{ without_file(ref('app_store_connect', 'int_app_store_connect__vintages')) }} as known
    on known.app_id = told.app_id
    and known.date_day = told.date_day
    and known.table_name = '{{ view }}'
{% endmacro %}
