{# A staging model as Fivetran's connector would have it: '' for an empty text, Apple's literals as they
   are, the newest vintage alone.

   columns: name there -> [name here, kind]; kinds: text, value, none (which Standard reports lack). #}
{% macro as_fivetran(staging, columns) %}
{%- set shown = {} -%}
{%- for name, column in columns.items() -%}
    {%- if column[1] == 'text' -%}
        {%- do shown.update({name: "coalesce(" ~ column[0] ~ ", '')"}) -%}
    {%- elif column[1] == 'none' -%}
        {%- do shown.update({name: "cast(null as text)"}) -%}
    {%- else -%}
        {%- do shown.update({name: column[0]}) -%}
    {%- endif -%}
{%- endfor -%}
{%- set parts = [] -%}
{%- for name, column in columns.items() if column[1] != 'none' -%}
    {%- do parts.append("coalesce(cast(" ~ column[0] ~ " as text), '')") -%}
{%- endfor -%}
with rows_told as (
    select
        app_id,
        date_day,
        processing_date,
        {%- for name, expression in shown.items() %}
        {{ expression }} as {{ adapter.quote(name) }},
        {%- endfor %}
        cast(app_id as text) || '|' || cast(date_day as text) || '|' || {{ parts | join(" || '|' || ") }}
            as identity
    from {{ without_file(staging) }}
)

select
    -- equal rows are told apart by their number, since both are true
    {{ dbt.hash("identity || '|' || cast(row_number() over (partition by identity order by identity) as text)") }}
        as _fivetran_id,
    app_id,
    date_day as {{ adapter.quote('date') }},
    {%- for name in columns %}
    {{ adapter.quote(name) }},
    {%- endfor %}
    cast(processing_date as timestamp) as _fivetran_synced
from rows_told
{% endmacro %}
