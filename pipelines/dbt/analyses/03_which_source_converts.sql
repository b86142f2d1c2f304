-- Which source converts? Sums are divided, since rates cannot be averaged.
select
    source_type,
    sum(impressions) as impressions,
    sum(page_views) as page_views,
    sum(first_time_downloads + redownloads) as downloads,
    round(100.0 * sum(first_time_downloads + redownloads) / nullif(sum(impressions), 0), 1)
        as downloads_per_100_impressions
from {{ ref('app_store_connect', 'fct_app_store_connect__daily_by_source_type') }}
where discovery_complete and downloads_complete
group by source_type
order by downloads desc, source_type
