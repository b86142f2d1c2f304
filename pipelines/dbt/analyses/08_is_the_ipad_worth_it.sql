-- Is the iPad worth it? What each kind of device brings.
select
    device,
    sum(sessions) as sessions,
    round(1.0 * sum(session_seconds) / nullif(sum(sessions), 0)) as seconds_per_session,
    round(sum(proceeds_usd), 2) as proceeds_usd,
    round(1000.0 * sum(proceeds_usd) / nullif(sum(sessions), 0), 2) as proceeds_per_1000_sessions
from {{ ref('app_store_connect', 'fct_app_store_connect__daily_by_device') }}
where sessions_complete and purchases_complete
group by device
order by sessions desc, device
