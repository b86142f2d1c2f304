{# A report's view, renamed and cast, with a lower-case key for each dimension: Apple says that values
   are not case sensitive. Rows without a date stand under their processing date, as in the view.

   columns: name in the view -> [name here, type]; keys: columns that get a key. #}
{% macro stage(view, date_column, columns, keys=[]) %}
{%- set source_columns = {'_app_id': 'bigint', '_processing_date': 'date', date_column: 'date'} -%}
{%- for name, target in columns.items() %}{% do source_columns.update({name: target[1]}) %}{% endfor -%}
{%- set date = adapter.quote(date_column) -%}
with told as {{ always(source('app_store_connect', view), source_columns) }}

select
    cast(_app_id as bigint) as app_id,
    cast(coalesce({{ date }}, _processing_date) as date) as date_day,
    {%- for name, target in columns.items() %}
    cast({{ adapter.quote(name) }} as {{ target[1] }}) as {{ target[0] }},
    {%- endfor %}
    {%- for name in keys %}
    lower(cast({{ adapter.quote(name) }} as text)) as {{ columns[name][0] }}_key,
    {%- endfor %}
    cast(_processing_date as date) as processing_date
from told
{% endmacro %}
