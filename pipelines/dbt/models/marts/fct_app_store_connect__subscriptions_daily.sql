{%- set views = {
    'app_store_subscription_state_report_standard_daily': [
        'state', 'stg_app_store_connect__subscription_state', none, 'state_metric',
    ],
    'app_store_subscription_event_report_standard_daily': [
        'event', 'stg_app_store_connect__subscription_events', 'event_group', 'event_name',
    ],
} -%}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    pre_hook="{{ forget_changed(vintages_of(subscription_views())) }}",
) }}

{%- set vintages = ref('app_store_connect', 'int_app_store_connect__vintages') %}
with
{%- for view, parts in views.items() %}
{%- set is_views = "known.table_name = '" ~ view ~ "'" %}
{{ parts[0] }} as (
    select
        told.app_id,
        told.date_day,
        told.subscription_identifier,
        told.subscription_name,
        told.subscription_duration,
        told.subscription_group,
        '{{ parts[0] }}' as kind,
        {% if parts[2] %}coalesce(told.{{ parts[2] }}, {{ not_stated() }}){% else %}{{ not_stated() }}{% endif %} as metric_group,
        coalesce(told.{{ parts[3] }}, {{ not_stated() }}) as metric,
        told.counts,
        changed.vintage,
        changed.is_complete
    from {{ ref(parts[1]) }} as told
    join ({{ changed(vintages, is_views, 'known.app_id, known.date_day, known.vintage, known.is_complete') }}) as changed
        on changed.app_id = told.app_id and changed.date_day = told.date_day
    where {{ processed_within(vintages, is_views) }}
),
{%- endfor %}

told as (
    {%- for parts in views.values() %}
    select * from {{ parts[0] }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    app_id,
    date_day,
    coalesce(subscription_identifier, 0) as subscription_identifier,
    coalesce(min(subscription_name), {{ not_stated() }}) as subscription_name,
    min(subscription_duration) as subscription_duration,
    min(subscription_group) as subscription_group,
    kind,
    min(metric_group) as metric_group,
    min(metric) as metric,
    lower(metric_group) as metric_group_key,
    lower(metric) as metric_key,
    cast(coalesce(sum(counts), 0) as bigint) as subscriptions,
    is_complete,
    vintage
from told
group by
    app_id, date_day, coalesce(subscription_identifier, 0), kind, lower(metric_group), lower(metric),
    is_complete, vintage
