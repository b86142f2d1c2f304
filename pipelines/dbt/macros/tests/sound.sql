{# What is wrong with a model: a row for each column, or columns, with the problem and how many rows
   have it. All in one test, since each costs dbt more than it costs the database. #}
{% test sound(model, grain, never_null=[], known_values={}, refers_to={}) %}
select '{{ grain | join(', ') }}' as column_name, 'not unique' as problem, count(*) as row_count
from (select 1 as twin from {{ model }} group by {{ grain | join(', ') }} having count(*) > 1) as twins
having count(*) > 0
{%- for column in grain + never_null %}
{{ problem(model, column, 'null', column ~ ' is null') }}
{%- endfor %}
{%- for column, values in known_values.items() %}
{{ problem(model, column, 'none of ' ~ values | join(', '), column ~ " not in ('" ~ values | join("', '") ~ "')") }}
{%- endfor %}
{%- for column, parent in refers_to.items() %}
{{ problem(model, column, 'not in ' ~ parent.identifier, column ~ ' is not null and not exists (select 1 from '
    ~ parent ~ ' as parent where parent.' ~ column ~ ' = told.' ~ column ~ ')') }}
{%- endfor %}
{% endtest %}

{% macro problem(model, column, what, condition) -%}
union all
select '{{ column }}', '{{ what }}', count(*) from {{ model }} as told where {{ condition }} having count(*) > 0
{%- endmacro %}

{# A bound for tests that read whole views: the newest days alone, unless all are asked for. What is
   built anew from nothing is tested in full. #}
{% macro tested_days(date_column) -%}
    {%- set days = 0 if flags.FULL_REFRESH else var('app_store_connect_test_days') | int -%}
    {%- if days %}{{ date_column }} > current_date - {{ days }}{% else %}true{% endif -%}
{%- endmacro %}
