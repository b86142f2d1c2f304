{%- set parts = {
    'state': ['subscription_state', none, 'state_metric'],
    'event': ['subscription_events', 'event_group', 'event_name'],
} -%}
{%- set vintages = ref('app_store_connect', 'int_app_store_connect__vintages') %}
with
{%- for kind, (report, group, metric) in parts.items() %}
{%- set is_views = "known.table_name = '" ~ reports()[report].view ~ "'" %}
changed_{{ kind }} as (
    {{ changed(vintages, is_views, 'known.app_id, known.date_day, known.vintage, known.is_complete') }}
),

{{ kind }} as (
    select
        told.app_id,
        told.date_day,
        told.subscription_identifier,
        told.subscription_name,
        told.subscription_duration,
        told.subscription_group,
        '{{ kind }}' as kind,
        {{ 'coalesce(told.' ~ group ~ ', ' ~ not_stated() ~ ')' if group else not_stated() }} as metric_group,
        coalesce(told.{{ metric }}, {{ not_stated() }}) as metric,
        told.counts,
        changed.vintage,
        changed.is_complete
    from {{ ref('app_store_connect', 'stg_app_store_connect__' ~ report) }} as told
    join changed_{{ kind }} as changed
        on changed.app_id = told.app_id and changed.date_day = told.date_day
    where {{ processed_within(vintages, is_views) }}
),
{%- endfor %}

told as (
    {%- for kind in parts %}
    select * from {{ kind }}
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
