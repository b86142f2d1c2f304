-- What did the release do to crashes? Crashes for each thousand sessions, by version, over complete days.
select
    apps.app_name,
    versions.app_version,
    versions.first_day,
    sum(days.crashes) as crashes,
    sum(days.sessions) as sessions,
    round(1000.0 * sum(days.crashes) / nullif(sum(days.sessions), 0), 1) as crashes_per_1000_sessions
from {{ ref('app_store_connect', 'fct_app_store_connect__daily_by_app_version') }} as days
join {{ ref('app_store_connect', 'dim_app_store_connect__app_versions') }} as versions
    on versions.app_id = days.app_id and versions.app_version_key = days.app_version_key
join {{ ref('app_store_connect', 'dim_app_store_connect__apps') }} as apps on apps.app_id = days.app_id
where days.crashes_complete and days.sessions_complete
group by apps.app_name, versions.app_version, versions.sort_key, versions.first_day
having sum(days.sessions) > 0
order by apps.app_name, versions.sort_key
