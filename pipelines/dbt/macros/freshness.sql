{# After how many days of silence, while others come, a report counts as quiet or ended. #}
{% macro quiet_days() -%}14{%- endmacro %}

{# Until when a source is complete, by its own completeness lag: for `dbt source freshness`. One that every
   account gets is late if it never came, any other is then not in use. A quiet or ended one is not late. #}
{% macro complete_until(is_expected) %}
with newest as (
    select
        table_name,
        max(newest_processing_date) as processing_date,
        max(coalesce(newest_complete_date, newest_processing_date)) as complete_date,
        max(max(newest_processing_date)) over () as newest_of_all
    from {{ this.schema }}.data_freshness
    group by table_name
),

late as (
    select cast(complete_date as timestamp) as complete_until
    from newest
    where table_name = '{{ this.identifier }}'
        and {{ dbt.datediff('processing_date', 'newest_of_all', 'day') }} <= {{ quiet_days() }}
)

select {{ 'max(complete_until)' if is_expected else 'coalesce(max(complete_until), cast(current_timestamp as timestamp))' }}
from late
{% endmacro %}
