{# The rows that share their grain with another, or lack a part of it. #}
{% test unique_grain(model, columns) %}
select {{ columns | join(', ') }}, count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
    {%- for column in columns %} or {{ column }} is null{% endfor %}
{% endtest %}

{# A bound for tests that read whole views: the newest days alone, unless all are asked for. #}
{% macro tested_days(date_column) -%}
    {%- set days = var('app_store_connect_test_days') | int -%}
    {%- if days %}{{ date_column }} > current_date - {{ days }}{% else %}true{% endif -%}
{%- endmacro %}
