{# The reports whose measures the marts have by this dimension; 'all' is the app's whole day. #}
{% macro reports_with(dimension) %}
    {%- set found = {} -%}
    {%- for name, report in reports().items() if report.is_in_marts and dimension in report.dimensions + ['all'] -%}
        {%- do found.update({name: report}) -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}

{# NULL where the report tells nothing of the day, 0 where it tells of none. #}
{% macro told_or_null(report, measure) -%}
    case when days.has_{{ report }} then coalesce(summed.{{ measure }}, 0) end as {{ measure }}
{%- endmacro %}

{# The date of a key; NULL where Apple states none. #}
{% macro stated_date(key) -%}
    cast(nullif({{ key }}, {{ not_stated() }}) as date)
{%- endmacro %}

{# A mart by app, date and one dimension; without one, by app and date. #}
{% macro daily(dimension='all') %}
{%- set days = ref('app_store_connect', 'int_app_store_connect__days') -%}
{%- set found = reports_with(dimension) -%}
{%- set name = dimension if dimension != 'all' -%}
with days as (
    {{ changed(days, columns='known.*') }}
),

{%- for report, each in found.items() %}
{{ report }} as (
    select
        app_id, date_day, dimension_key, dimension_value
        {%- for measure in each.measures %},
        {{ measure }}
        {%- endfor %}
    from {{ ref('app_store_connect', 'int_app_store_connect__' ~ report ~ '_by_dimension') }} as summed
    where dimension = '{{ dimension }}'
        {%- if is_incremental() %}
        -- or else all of the past would be joined for the sake of one day
        and exists (
            select 1 from days where days.app_id = summed.app_id and days.date_day = summed.date_day
        )
        {%- endif %}
),
{%- endfor %}

-- a value that one report has need not be in the others
summed as (
    select
        app_id, date_day, dimension_key,
        least({% for report in found %}{{ report }}.dimension_value{{ ', ' if not loop.last }}{% endfor %}) as dimension_value
        {%- for report, each in found.items() %}{% for measure in each.measures %},
        {{ report }}.{{ measure }}
        {%- endfor %}{% endfor %}
    from
    {%- for report in found %}
    {{ 'full join ' if not loop.first }}{{ report }}{{ ' using (app_id, date_day, dimension_key)' if not loop.first }}
    {%- endfor %}
)

select
    days.app_id,
    days.date_day,
    {%- if name %}
    summed.dimension_key as {{ name }}_key,
    {%- if name == 'app_download_date' %}
    {{ stated_date('summed.dimension_key') }} as app_download_date,
    cast({{ dbt.datediff(stated_date('summed.dimension_key'), 'days.date_day', 'day') }} as bigint) as age_days,
    {%- elif name == 'subscription_identifier' %}
    cast(nullif(summed.dimension_key, {{ not_stated() }}) as bigint) as subscription_identifier,
    {%- else %}
    summed.dimension_value as {{ name }},
    {%- endif %}
    {%- endif %}
    {%- if name == 'territory' %}
    coalesce(territories.territory_name, summed.dimension_value) as territory_name,
    coalesce(territories.region, {{ not_stated() }}) as region,
    {%- endif %}
    {%- for report, each in found.items() %}{% for measure in each.measures %}
    {{ told_or_null(report, measure) }},
    {%- endfor %}{% endfor %}
    {%- if 'discovery' in found and 'downloads' in found %}
    case
        when days.has_discovery and days.has_downloads and summed.impressions > 0 then
            cast(
                coalesce(summed.first_time_downloads, 0) + coalesce(summed.redownloads, 0)
                as double precision
            ) / summed.impressions
    end as conversion_rate,
    {%- endif %}
    {%- for report in found %}
    days.{{ report }}_complete,
    {%- endfor %}
    days.is_complete,
    days.vintage
from days
join summed on summed.app_id = days.app_id and summed.date_day = days.date_day
{%- if name == 'territory' %}
left join {{ ref('app_store_connect', 'app_store_connect_territories') }} as territories
    on lower(territories.territory) = summed.dimension_key
{%- endif %}
{% endmacro %}
