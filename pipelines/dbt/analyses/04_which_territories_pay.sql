-- Where does the money come from? Proceeds by territory, and for each first-time download.
select
    territory_name,
    region,
    sum(first_time_downloads) as first_time_downloads,
    round(sum(proceeds_usd), 2) as proceeds_usd,
    round(sum(proceeds_usd) / nullif(sum(first_time_downloads), 0), 2) as proceeds_per_download
from {{ ref('app_store_connect', 'fct_app_store_connect__daily_by_territory') }}
where downloads_complete and purchases_complete
group by territory_name, region
order by proceeds_usd desc, territory_name
limit 10
