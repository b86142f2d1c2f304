-- How complete is yesterday? Each measure as a share of the same weekday a week before, for days that
-- some report does not call complete yet.
select
    days.date_day,
    min(case when days.discovery_complete then 1 else 0 end) = 1 as impressions_complete,
    sum(days.impressions) as impressions,
    round(100.0 * sum(days.impressions) / nullif(sum(before.impressions), 0)) as percent_of_week_before,
    min(case when days.sessions_complete then 1 else 0 end) = 1 as sessions_complete,
    sum(days.sessions) as sessions,
    round(100.0 * sum(days.sessions) / nullif(sum(before.sessions), 0)) as percent_sessions
from {{ ref('app_store_connect', 'fct_app_store_connect__daily') }} as days
left join {{ ref('app_store_connect', 'fct_app_store_connect__daily') }} as before
    on before.app_id = days.app_id
    and before.date_day = days.date_day - 7
where not days.is_complete
group by days.date_day
order by days.date_day
