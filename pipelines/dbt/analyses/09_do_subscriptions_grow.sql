-- Do subscriptions grow? Who pays on the first and the last complete day, and what happened between. States
-- are a stock: those of two days are compared, never added.
with complete as (
    select
        *,
        min(date_day) over (partition by app_id) as first_day,
        max(date_day) over (partition by app_id) as last_day
    from {{ ref('app_store_connect', 'fct_app_store_connect__daily_by_subscription_identifier') }}
    where subscription_state_complete
        and subscription_events_complete
        and paid_subscriptions is not null
)

select
    subscriptions.subscription_name,
    sum(case when complete.date_day = complete.first_day then complete.paid_subscriptions end) as paid_at_first,
    sum(case when complete.date_day = complete.last_day then complete.paid_subscriptions end) as paid_at_last,
    sum(case when complete.date_day = complete.last_day then complete.trial_subscriptions end) as trials_at_last,
    sum(complete.offer_starts) as offers_begun,
    sum(complete.paid_from_offers) as offers_converted,
    sum(complete.paid_starts) + sum(complete.paid_from_offers) as began_to_pay,
    sum(complete.voluntary_churns) as left_by_choice,
    sum(complete.involuntary_churns) as lost_to_payment
from complete
join {{ ref('app_store_connect', 'dim_app_store_connect__subscriptions') }} as subscriptions
    on subscriptions.app_id = complete.app_id
    and subscriptions.subscription_identifier = complete.subscription_identifier
group by subscriptions.subscription_name
order by subscriptions.subscription_name
