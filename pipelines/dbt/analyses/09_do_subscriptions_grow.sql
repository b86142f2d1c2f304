-- Do subscriptions grow? Who pays on the first and the last complete day, and what happened between. States
-- are a stock: those of two days are compared, never added.
with complete as (
    select * from {{ ref('app_store_connect', 'fct_app_store_connect__subscriptions_daily') }} where is_complete
),

bounds as (
    select app_id, min(date_day) as first_day, max(date_day) as last_day
    from complete
    where kind = 'state'
    group by app_id
)

select
    complete.subscription_name,
    sum(case
        when complete.kind = 'state' and complete.metric_key = 'full price' and complete.date_day = bounds.first_day
            then complete.subscriptions
    end) as paid_at_first,
    sum(case
        when complete.kind = 'state' and complete.metric_key = 'full price' and complete.date_day = bounds.last_day
            then complete.subscriptions
    end) as paid_at_last,
    sum(case
        when complete.kind = 'state' and complete.metric_key = 'free trial' and complete.date_day = bounds.last_day
            then complete.subscriptions
    end) as trials_at_last,
    sum(case
        when complete.metric_group_key in ('paid subscription start', 'paid subscription from offer')
            then complete.subscriptions
    end) as began_to_pay,
    sum(case
        when complete.kind = 'event' and complete.metric_group_key in ('voluntary churn', 'involuntary churn')
            then complete.subscriptions
    end) as ended
from complete
join bounds on bounds.app_id = complete.app_id
group by complete.subscription_name
order by complete.subscription_name
