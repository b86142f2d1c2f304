-- Do subscriptions grow? What is active on the first and the last complete day, and what happened between.
with complete as (
    select * from {{ ref('fct_app_store__subscriptions_daily') }} where is_complete
),

bounds as (
    select app_id, min(date_day) as first_day, max(date_day) as last_day
    from complete
    where kind = 'state'
    group by app_id
)

select
    complete.subscription_name,
    sum(case when kind = 'state' and metric_key = 'active paid' and date_day = first_day
        then subscriptions end) as paid_at_first,
    sum(case when kind = 'state' and metric_key = 'active paid' and date_day = last_day
        then subscriptions end) as paid_at_last,
    sum(case when kind = 'event' and metric_group_key = 'activations' then subscriptions end)
        as activations,
    sum(case when kind = 'event' and metric_group_key = 'cancellations' then subscriptions end)
        as cancellations
from complete
join bounds on bounds.app_id = complete.app_id
group by complete.subscription_name
order by complete.subscription_name
