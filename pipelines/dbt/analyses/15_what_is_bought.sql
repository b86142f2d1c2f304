-- What is bought? Purchases, free ones and refunds apart, and the money, by product over complete days.
-- Apple counts a free trial as a purchase without money; a refund is negative, a partial one has money only.
select
    app_name,
    content_name,
    purchase_type,
    sum(case when purchases > 0 and sales_usd > 0 then purchases else 0 end) as paid_purchases,
    sum(case when purchases > 0 and sales_usd = 0 then purchases else 0 end) as free_starts,
    sum(case when purchases < 0 then -purchases else 0 end) as refunded_purchases,
    sum(case when sales_usd > 0 then sales_usd else 0 end) as sales_usd,
    sum(case when sales_usd < 0 then -sales_usd else 0 end) as refunds_usd,
    sum(proceeds_usd) as proceeds_usd
from {{ ref('app_store_connect', 'fct_app_store_connect__purchases') }}
where is_complete
group by app_name, content_name, purchase_type
order by proceeds_usd desc
