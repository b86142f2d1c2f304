{#- The subscriptions that Apple tells of, each under its newest name. -#}
with told as (
    {%- for report in ['subscription_state', 'subscription_events'] %}
    select app_id, subscription_identifier, subscription_name, subscription_duration, subscription_group, date_day
    from {{ ref('app_store_connect', 'stg_app_store_connect__' ~ report) }}
    where subscription_identifier is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

ordered as (
    select
        *,
        row_number() over (
            partition by app_id, subscription_identifier
            order by date_day desc, subscription_name, subscription_duration, subscription_group
        ) as place
    from told
),

days as (
    select app_id, subscription_identifier, min(date_day) as first_day, max(date_day) as last_day
    from told
    group by app_id, subscription_identifier
)

select
    ordered.app_id,
    ordered.subscription_identifier,
    ordered.subscription_name,
    ordered.subscription_duration,
    ordered.subscription_group,
    days.first_day,
    days.last_day
from ordered
inner join days
    on days.app_id = ordered.app_id and days.subscription_identifier = ordered.subscription_identifier
where ordered.place = 1
