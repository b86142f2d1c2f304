-- What do subscriptions bring a month? An estimate: those that were paid on the last complete day, times the
-- proceeds of a sale in the 28 days before, spread over the months of the subscription. Apple states no such
-- figure, and prices differ by territory.
with complete as (
    select
        *,
        max(date_day) over (partition by app_id) as last_day
    from {{ ref('app_store_connect', 'fct_app_store_connect__daily_by_subscription_identifier') }}
    where subscription_state_complete and paid_subscriptions is not null
),

bounds as (
    select distinct app_id, last_day from complete
),

sold as (
    select
        sales.app_id,
        sales.content_apple_identifier as subscription_identifier,
        sum(sales.proceeds_usd) / sum(sales.purchases) as proceeds_of_a_sale
    from {{ ref('app_store_connect', 'fct_app_store_connect__purchases') }} as sales
    join bounds on bounds.app_id = sales.app_id
    where sales.is_complete
        and sales.proceeds_usd > 0
        and sales.purchases > 0
        and sales.date_day between bounds.last_day - 27 and bounds.last_day
    group by sales.app_id, sales.content_apple_identifier
)

select
    subscriptions.subscription_name,
    subscriptions.subscription_duration,
    complete.date_day as on_day,
    complete.paid_subscriptions,
    round(cast(sold.proceeds_of_a_sale as numeric), 2) as proceeds_of_a_sale_usd,
    round(
        cast(
            complete.paid_subscriptions * sold.proceeds_of_a_sale / case lower(subscriptions.subscription_duration)
                when '1 week' then 7.0 / 30.4
                when '7 days' then 7.0 / 30.4
                when '1 month' then 1
                when '2 months' then 2
                when '3 months' then 3
                when '6 months' then 6
                when '1 year' then 12
            end as numeric
        ), 2
    ) as estimated_monthly_proceeds_usd
from complete
join {{ ref('app_store_connect', 'dim_app_store_connect__subscriptions') }} as subscriptions
    on subscriptions.app_id = complete.app_id
    and subscriptions.subscription_identifier = complete.subscription_identifier
left join sold
    on sold.app_id = complete.app_id
    and sold.subscription_identifier = complete.subscription_identifier
where complete.date_day = complete.last_day
order by subscriptions.subscription_name
