-- Do people keep the app? Deletions for each hundred installations that are no updates, among devices that
-- share usage data.
select
    apps.app_name,
    sum(days.first_time_installs + days.reinstalls + days.other_installs) as installs,
    sum(days.deletions) as deletions,
    round(
        100.0 * sum(days.deletions)
        / nullif(sum(days.first_time_installs + days.reinstalls + days.other_installs), 0),
        1
    ) as deletions_per_100_installs
from {{ ref('app_store_connect', 'fct_app_store_connect__daily') }} as days
join {{ ref('app_store_connect', 'dim_app_store_connect__apps') }} as apps on apps.app_id = days.app_id
where days.installs_complete
group by apps.app_name
order by apps.app_name
