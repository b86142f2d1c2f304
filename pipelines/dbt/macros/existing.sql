{# The columns that a source has there now; none of it is an error: a report that was never loaded has
   no view, and a column that Apple dropped is missing. Of a unit test's input all are there. #}
{% macro existing_columns(relation, columns) %}
    {%- if not execute or relation.is_cte -%}
        {{ return(columns) }}
    {%- endif -%}
    {%- set found = adapter.get_relation(relation.database, relation.schema, relation.identifier) -%}
    {%- if found is none -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set names = adapter.get_columns_in_relation(found) | map(attribute='name') | list -%}
    {{ return(columns | select('in', names) | list) }}
{% endmacro %}

{# A relation to select from, with these columns and types in any case. #}
{% macro always(relation, columns) -%}
    {%- set found = existing_columns(relation, columns.keys() | list) -%}
    (
        select
            {%- for column, type in columns.items() %}
            {% if column in found -%}
                {{ adapter.quote(column) }}
            {%- else -%}
                cast(null as {{ type }}) as {{ adapter.quote(column) }}
            {%- endif -%}
            {{ ',' if not loop.last }}
            {%- endfor %}
        {% if found -%} from {{ without_file(relation) }} {%- else -%} where false {%- endif %}
    )
{%- endmacro %}

{# A relation without its database on DuckDB, where that is the name of the file: so the views still work
   in a file that was renamed or attached. #}
{% macro without_file(relation) -%}
    {{ relation if relation.is_cte or target.type != 'duckdb' else relation.include(database=false) }}
{%- endmacro %}
