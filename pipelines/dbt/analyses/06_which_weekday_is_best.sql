-- Which weekday is best? Average downloads of an app's day, complete days alone.
select
    apps.app_name,
    dates.day_of_week,
    dates.day_name,
    round(avg(days.first_time_downloads)) as first_time_downloads
from {{ ref('app_store_connect', 'fct_app_store_connect__daily') }} as days
join {{ ref('app_store_connect', 'dim_app_store_connect__dates') }} as dates on dates.date_day = days.date_day
join {{ ref('app_store_connect', 'dim_app_store_connect__apps') }} as apps on apps.app_id = days.app_id
where days.downloads_complete
group by apps.app_name, dates.day_of_week, dates.day_name
order by apps.app_name, dates.day_of_week
