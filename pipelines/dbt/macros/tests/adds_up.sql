{# What Apple's literals make of the views, said once more and apart from the models. #}
{% macro view_measures() %}
    {{ return({
        'app_downloads_standard_daily': {
            'first_time_downloads': "case when lower(download_type) = 'first-time download' then counts end",
            'redownloads': "case when lower(download_type) = 'redownload' then counts end",
            'updates': "case when lower(download_type) in ('auto-update', 'manual update') then counts end",
            'first_time_downloads + redownloads + updates + other_downloads': "counts",
        },
        'app_store_installation_and_deletion_standard_daily': {
            'first_time_installs': "case when lower(event) = 'install' and lower(download_type) = 'first-time download' then counts end",
            'reinstalls': "case when lower(event) = 'install' and lower(download_type) = 'redownload' then counts end",
            'installed_updates': "case when lower(event) = 'install' and lower(download_type) in ('auto-update', 'manual update') then counts end",
            'first_time_installs + reinstalls + installed_updates + other_installs': "case when lower(event) = 'install' then counts end",
            'deletions': "case when lower(event) = 'delete' then counts end",
        },
        'app_store_discovery_and_engagement_standard_daily': {
            'impressions': "case when lower(event) = 'impression' then counts end",
            'page_views': "case when lower(event) = 'page view' and lower(page_type) in ('product page', 'product sheet', 'store sheet') then counts end",
            'page_views + other_page_views': "case when lower(event) = 'page view' then counts end",
            'taps': "case when lower(event) = 'tap' then counts end",
        },
        'app_sessions_standard_daily': {
            'sessions': 'sessions',
            'session_seconds': 'total_session_duration',
            'session_devices_summed_over_dimensions': 'unique_devices',
        },
        'app_crashes_daily': {'crashes': 'crashes'},
        'app_store_purchases_standard_daily': {
            'purchases': 'purchases',
            'sales_usd': 'sales_in_usd',
            'proceeds_usd': 'proceeds_in_usd',
            'paying_users_summed_over_dimensions': 'paying_users',
        },
        'app_store_subscription_state_report_standard_daily': {
            'paid_subscriptions': "case when lower(state_metric) = 'full price' then counts end",
            'trial_subscriptions': "case when lower(state_metric) = 'free trial' then counts end",
            'paid_subscriptions + trial_subscriptions + billing_retry_subscriptions + churned_subscriptions + other_subscriptions': "counts",
        },
        'app_store_subscription_event_report_standard_daily': {
            'paid_starts': "case when lower(event_group) = 'paid subscription start' then counts end",
            'renewals': "case when lower(event_group) = 'renewal' then counts end",
            'offer_starts + paid_starts + paid_from_offers + renewals + billing_issues + voluntary_churns + involuntary_churns + other_subscription_events': "counts",
        },
        'app_opt_in_daily': {
            'downloading_users': 'downloading_users', 'users_opting_in': 'users_opting_in',
        },
    }) }}
{% endmacro %}

{# The days of an app on which a measure of the mart is not the sum of its view. #}
{% test adds_up_to_the_views(model) %}
{%- do test_without_jit() -%}
{%- set present = [] -%}
{%- for view in view_measures() -%}
    {%- set source_view = source('app_store_connect', view) -%}
    {%- if not execute or load_relation(source_view) is not none -%}{% do present.append(view) %}{%- endif -%}
{%- endfor -%}
with
{%- for view, measures in view_measures().items() %}
-- each view is read once
summed_{{ loop.index }} as (
    select
        {%- if view in present %}
        _app_id as app_id,
        cast(coalesce({{ adapter.quote('event_date' if 'event_report' in view else 'date') }}, _processing_date) as date) as date_day
        {%- for expression in measures.values() %},
        cast(coalesce(sum({{ expression }}), 0) as {{ money() }}) as total_{{ loop.index }}
        {%- endfor %}
    from {{ source('app_store_connect', view) }}
    where {{ tested_days('_processing_date') }}
    group by 1, 2
        {%- else %}
        cast(null as bigint) as app_id, cast(null as date) as date_day
        {%- for _ in measures %}, cast(null as {{ money() }}) as total_{{ loop.index }}{% endfor %}
    where false
        {%- endif %}
),
{%- endfor %}

{%- for measures in view_measures().values() %}
compared_{{ loop.index }} as (
    select
        coalesce(viewed.app_id, built.app_id) as app_id,
        coalesce(viewed.date_day, built.date_day) as date_day
        {%- for measure in measures %},
        viewed.total_{{ loop.index }},
        cast({{ measure }} as {{ money() }}) as built_{{ loop.index }}
        {%- endfor %}
    from summed_{{ loop.index }} as viewed
    full outer join {{ model }} as built
        on built.app_id = viewed.app_id and built.date_day = viewed.date_day
){{ ',' if not loop.last }}
{%- endfor %}
{% for measures in view_measures().values() %}
{%- set outer = loop %}
{%- for measure in measures %}
select
    app_id,
    date_day,
    '{{ measure }}' as measure,
    total_{{ loop.index }} as in_the_view,
    built_{{ loop.index }} as in_the_mart
from compared_{{ outer.index }}
where {{ tested_days('date_day') }}
    and total_{{ loop.index }} is distinct from built_{{ loop.index }}
{{ 'union all' if not (loop.last and outer.last) }}
{%- endfor %}
{%- endfor %}
{% endtest %}

{# The days on which a mart's values of a dimension do not add up to the app's day. #}
{% test adds_up_to_the_day(model, dimension) %}
{%- set measures = [] -%}
{%- for report in reports_with(dimension).values() -%}{% do measures.extend(report.measures) %}{%- endfor -%}
with summed as (
    select
        app_id, date_day
        {%- for measure in measures %},
        sum({{ measure }}) as {{ measure }}
        {%- endfor %}
    from {{ model }}
    group by app_id, date_day
)

select days.app_id, days.date_day
from {{ ref('app_store_connect', 'fct_app_store_connect__daily') }} as days
left join summed on summed.app_id = days.app_id and summed.date_day = days.date_day
where {{ tested_days('days.date_day') }}
    and (
        {%- for measure in measures %}
        coalesce(days.{{ measure }}, -1) <> coalesce(summed.{{ measure }}, -1) {{ 'or' if not loop.last }}
        {%- endfor %}
    )
{% endtest %}
