-- Do people come back? Sessions, deletions and proceeds by the days since the download, for each hundred
-- downloads that are so old. Sessions and deletions are those of devices that share usage data.
with days as (
    select
        app_id,
        min(case when sessions is not null then date_day end) as first_day,
        max(case when sessions_complete and installs_complete and purchases_complete then date_day end) as last_day
    from {{ ref('app_store_connect', 'fct_app_store_connect__daily') }}
    group by app_id
),

ages as (
    select distinct cast(age_days as integer) as age_days
    from {{ ref('app_store_connect', 'fct_app_store_connect__daily_by_app_download_date') }}
    where age_days in (0, 1, 3, 7, 14, 28)
),

cohorts as (
    select
        downloads.app_id,
        downloads.date_day as downloaded_on,
        ages.age_days,
        downloads.first_time_downloads + downloads.redownloads as downloads
    from {{ ref('app_store_connect', 'fct_app_store_connect__daily') }} as downloads
    join days on days.app_id = downloads.app_id
    cross join ages
    where downloads.first_time_downloads is not null
        and downloads.date_day >= days.first_day
        and downloads.date_day + ages.age_days <= days.last_day
)

select
    cohorts.age_days,
    sum(cohorts.downloads) as downloads,
    round(100.0 * sum(aged.sessions) / nullif(sum(cohorts.downloads), 0), 1) as sessions_per_100,
    round(100.0 * sum(aged.deletions) / nullif(sum(cohorts.downloads), 0), 2) as deletions_per_100,
    round(100.0 * sum(aged.proceeds_usd) / nullif(sum(cohorts.downloads), 0), 2) as proceeds_usd_per_100
from cohorts
left join {{ ref('app_store_connect', 'fct_app_store_connect__daily_by_app_download_date') }} as aged
    on aged.app_id = cohorts.app_id
    and aged.app_download_date = cohorts.downloaded_on
    and aged.age_days = cohorts.age_days
group by cohorts.age_days
order by cohorts.age_days
