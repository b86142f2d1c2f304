-- What did the release do to crashes? Crashes for each thousand sessions, by version, over complete days.
select
    apps.app_name,
    versions.app_version,
    min(versions.date_day) as first_day,
    sum(versions.crashes) as crashes,
    sum(versions.sessions) as sessions,
    round(1000.0 * sum(versions.crashes) / nullif(sum(versions.sessions), 0), 1)
        as crashes_per_1000_sessions
from {{ ref('app_store_connect', 'fct_app_store_connect__daily_by_app_version') }} as versions
join {{ ref('app_store_connect', 'dim_app_store_connect__apps') }} as apps on apps.app_id = versions.app_id
where versions.crashes_complete and versions.sessions_complete
group by apps.app_name, versions.app_version
having sum(versions.sessions) > 0
order by apps.app_name, first_day, versions.app_version
