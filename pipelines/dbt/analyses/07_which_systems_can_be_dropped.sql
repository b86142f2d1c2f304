-- Which systems can be dropped? Each system's share of sessions, and of crashes.
select
    platform_version,
    sum(sessions) as sessions,
    round(100.0 * sum(sessions) / nullif(sum(sum(sessions)) over (), 0), 1) as percent_of_sessions,
    round(100.0 * sum(crashes) / nullif(sum(sum(crashes)) over (), 0), 1) as percent_of_crashes
from {{ ref('app_store_connect', 'fct_app_store_connect__daily_by_platform_version') }}
where sessions_complete and crashes_complete
group by platform_version
order by sessions desc, platform_version
