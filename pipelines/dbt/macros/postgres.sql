{# Postgres has no statistics of a new table for about a minute, and plans queries of it as if it were
   small. So a new table is analyzed at once; later Postgres does that by itself. #}
{% macro analyzed() -%}
    {%- if target.type == 'postgres' and not is_incremental() -%}analyze {{ this }}{%- endif -%}
{%- endmacro %}

{# Compiling a statement that reads all views takes Postgres some ten seconds, running it two. #}
{% macro without_jit() -%}
    {%- if target.type == 'postgres' -%}set local jit = off{%- endif -%}
{%- endmacro %}

{# The same for a test, which has no hooks. #}
{% macro test_without_jit() -%}
    {%- if execute and target.type == 'postgres' -%}{%- do run_query(without_jit()) -%}{%- endif -%}
{%- endmacro %}
