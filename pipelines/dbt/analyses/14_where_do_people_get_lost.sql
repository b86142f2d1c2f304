-- Where do people get lost? From impression to purchase, by source, over days on which all four are complete.
-- Purchases are of all who have the app, not only of those who downloaded it on these days.
select
    source_type,
    sum(impressions) as impressions,
    sum(page_views) as page_views,
    sum(first_time_downloads) + sum(redownloads) as downloads,
    sum(purchases) as purchases,
    round(100.0 * sum(page_views) / nullif(sum(impressions), 0), 1) as views_per_100_impressions,
    round(
        100.0 * (sum(first_time_downloads) + sum(redownloads)) / nullif(sum(page_views), 0), 1
    ) as downloads_per_100_views,
    round(
        100.0 * sum(purchases) / nullif(sum(first_time_downloads) + sum(redownloads), 0), 1
    ) as purchases_per_100_downloads
from {{ ref('app_store_connect', 'fct_app_store_connect__daily_by_source_type') }}
where discovery_complete
    and downloads_complete
    and purchases_complete
group by source_type
order by impressions desc
