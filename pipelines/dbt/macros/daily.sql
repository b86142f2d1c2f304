{# What the marts are made of: for each report its view, and the measures of its intermediate model.
   A dimension that a report does not have is in none of its rows, so nothing is invented there. #}
{% macro reports() %}
    {{ return({
        'discovery': {
            'view': 'app_store_discovery_and_engagement_standard_daily',
            'dimensions': ['territory', 'source_type', 'device', 'platform_version'],
            'measures': [
                'impressions', 'page_views', 'other_page_views', 'taps',
                'impression_uniques_summed_over_dimensions', 'page_view_uniques_summed_over_dimensions',
            ],
        },
        'downloads': {
            'view': 'app_downloads_standard_daily',
            'dimensions': dimensions(),
            'measures': ['first_time_downloads', 'redownloads', 'updates', 'other_downloads'],
        },
        'installs': {
            'view': 'app_store_installation_and_deletion_standard_daily',
            'dimensions': dimensions() + ['app_download_date'],
            'measures': [
                'first_time_installs', 'reinstalls', 'installed_updates', 'other_installs', 'deletions',
            ],
        },
        'sessions': {
            'view': 'app_sessions_standard_daily',
            'dimensions': dimensions() + ['app_download_date'],
            'measures': ['sessions', 'session_seconds', 'session_devices_summed_over_dimensions'],
        },
        'crashes': {
            'view': 'app_crashes_daily',
            'dimensions': ['device', 'platform_version', 'app_version'],
            'measures': ['crashes', 'crash_devices_summed_over_dimensions'],
        },
        'purchases': {
            'view': 'app_store_purchases_standard_daily',
            'dimensions': ['territory', 'source_type', 'device', 'platform_version', 'app_download_date'],
            'measures': [
                'purchases', 'sales_usd', 'proceeds_usd', 'paying_users_summed_over_dimensions',
            ],
        },
        'opt_in': {
            'view': 'app_opt_in_daily',
            'dimensions': [],
            'measures': ['downloading_users', 'users_opting_in'],
        },
    }) }}
{% endmacro %}

{# The views behind the mart of subscriptions. #}
{% macro subscription_views() %}
    {{ return([
        'app_store_subscription_state_report_standard_daily',
        'app_store_subscription_event_report_standard_daily',
    ]) }}
{% endmacro %}

{# Those reports that have the dimension; 'all' is the app's whole day, which each has. #}
{% macro reports_with(dimension) %}
    {%- set found = {} -%}
    {%- for name, report in reports().items() if dimension == 'all' or dimension in report.dimensions -%}
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

told as (
    {%- for report in found %}
    {%- set outer = loop %}
    select
        app_id, date_day, dimension_key, dimension_value
        {%- for other, each in found.items() %}{% for measure in each.measures %},
        {% if other == report %}{{ measure }}{% else -%}
        cast(null as {{ money() if measure.endswith('_usd') else 'bigint' }}) as {{ measure }}
        {%- endif %}
        {%- endfor %}{% endfor %}
    from {{ ref('app_store_connect', 'int_app_store_connect__' ~ report ~ '_by_dimension') }} as summed
    where dimension = '{{ dimension }}'
        {%- if is_incremental() %}
        -- or else all of the past would be summed for the sake of one day
        and exists (
            select 1 from days where days.app_id = summed.app_id and days.date_day = summed.date_day
        )
        {%- endif %}
    {{ 'union all' if not outer.last }}
    {%- endfor %}
),

-- one report alone has a measure, and one row of a value: its greatest is its only one
summed as (
    select
        app_id, date_day, dimension_key, min(dimension_value) as dimension_value
        {%- for each in found.values() %}{% for measure in each.measures %},
        max({{ measure }}) as {{ measure }}
        {%- endfor %}{% endfor %}
    from told
    group by app_id, date_day, dimension_key
)

select
    days.app_id,
    days.date_day,
    {%- if name %}
    summed.dimension_key as {{ name }}_key,
    {%- if name == 'app_download_date' %}
    {{ stated_date('summed.dimension_key') }} as app_download_date,
    cast({{ dbt.datediff(stated_date('summed.dimension_key'), 'days.date_day', 'day') }} as bigint) as age_days,
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
