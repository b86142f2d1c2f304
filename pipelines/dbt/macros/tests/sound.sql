{# What is wrong with a model: a row for each column, or columns, with the problem and how many rows
   have it. All in one test, since each costs dbt more than it costs the database. #}
{% test sound(model, grain, never_null=[]) %}
{#- counted in one pass: a model may be a view, which each reading computes again #}
with counted as (
    select count(*) as all_rows
    {%- for column in grain + never_null %}, count({{ column }}) as known_{{ loop.index }}{% endfor %}
    from {{ model }}
)
select '{{ grain | join(', ') }}' as column_name, 'not unique' as problem, count(*) as row_count
from (select 1 as twin from {{ model }} group by {{ grain | join(', ') }} having count(*) > 1) as twins
having count(*) > 0
{%- for column in grain + never_null %}
union all
select '{{ column }}' as column_name, 'null' as problem, all_rows - known_{{ loop.index }} as row_count
from counted where all_rows > known_{{ loop.index }}
{%- endfor %}
{% endtest %}

{# The same of columns that the dimensions must have: a test of its own, since a selection may leave
   the dimensions out. #}
{% test keys_are_known(model, dimensions) %}
{%- for column, dimension in dimensions.items() %}
{%- set is_known = 'exists (select 1 from ' ~ dimension ~ ' as known where known.' ~ column ~ ' = told.' ~ column ~ ')' %}
{{ problem(model, column, 'not in ' ~ dimension.identifier, column ~ ' is not null and not ' ~ is_known) }}
{{ 'union all' if not loop.last }}
{%- endfor %}
{% endtest %}

{% macro problem(model, column, what, condition) -%}
select '{{ column }}' as column_name, '{{ what }}' as problem, count(*) as row_count
from {{ model }} as told where {{ condition }} having count(*) > 0
{%- endmacro %}

{# A bound for tests that read whole views: the newest days alone, unless all are asked for. What is
   built anew from nothing is tested in full. #}
{% macro tested_days(date_column) -%}
    {%- set days = 0 if flags.FULL_REFRESH else var('app_store_connect_test_days') | int -%}
    {%- if days %}{{ date_column }} > current_date - {{ days }}{% else %}true{% endif -%}
{%- endmacro %}
