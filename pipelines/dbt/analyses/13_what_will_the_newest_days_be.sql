-- What will the newest days be? The downloads and sessions that Apple has told of days that are not
-- complete, and an estimate of their totals. Downloads count updates too.
select
    apps.app_name,
    forecasts.report_name,
    forecasts.date_day,
    round(forecasts.told_so_far) as told_so_far,
    round(forecasts.expected_total) as expected_total,
    round(forecasts.expected_low) as expected_low,
    round(forecasts.expected_high) as expected_high
from {{ ref('app_store_connect', 'fct_app_store_connect__forecasts') }} as forecasts
join {{ ref('app_store_connect', 'dim_app_store_connect__apps') }} as apps on apps.app_id = forecasts.app_id
where forecasts.table_name in ('app_downloads_standard_daily', 'app_sessions_standard_daily')
order by apps.app_name, forecasts.report_name, forecasts.date_day
