{# For each measure of a report with a Detailed sibling, its total in both: Apple leaves rows out of the
   Detailed one where few people would be in them. Unique counts are left out: one sum of them holds a
   person once for each row. #}
{% macro withheld() %}
{%- set detailed = [] -%}
{%- for report, known in reports().items() if known.measures and report ~ '_detailed' in reports() %}
    {%- do detailed.append(report) -%}
{%- endfor %}
with
{%- for report in detailed %}
{%- for part, model in {'standard': report, 'detailed': report ~ '_detailed'}.items() %}

{{ report }}_{{ part }} as (
    select
        app_id,
        date_day,
        {%- for name, expression in reports()[report].measures.items() if not name.endswith('_summed_over_dimensions') %}
        sum({{ expression }}) as {{ name }},
        {%- endfor %}
        count(*) as row_count
    from {{ without_file(ref('app_store_connect', 'stg_app_store_connect__' ~ model)) }} as told
    group by app_id, date_day
){{ ',' if not (loop.last and report == detailed[-1]) }}
{%- endfor %}
{%- endfor %}

{% for report in detailed %}
{%- set outer = loop %}
{%- for name in reports()[report].measures if not name.endswith('_summed_over_dimensions') %}
select
    whole.app_id,
    whole.date_day,
    '{{ report }}' as report,
    '{{ name }}' as measure,
    cast(whole.{{ name }} as decimal(38, 9)) as standard_total,
    cast(coalesce(part.{{ name }}, 0) as decimal(38, 9)) as detailed_total,
    1 - cast(coalesce(part.{{ name }}, 0) as double precision) / whole.{{ name }} as withheld_share
from {{ report }}_standard as whole
join {{ report }}_detailed as part on part.app_id = whole.app_id and part.date_day = whole.date_day
where whole.{{ name }} <> 0
{{ 'union all' if not (loop.last and outer.last) }}
{%- endfor %}
{%- endfor %}
{% endmacro %}
