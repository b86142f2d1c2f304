-- How complete is yesterday? Share of what the same weekday told a week before, for days that Apple
-- has not called complete yet.
select
    days.date_day,
    days.is_complete,
    sum(days.impressions) as impressions,
    round(100.0 * sum(days.impressions) / nullif(sum(before.impressions), 0)) as percent_of_week_before,
    sum(days.sessions) as sessions,
    round(100.0 * sum(days.sessions) / nullif(sum(before.sessions), 0)) as percent_sessions
from {{ ref('fct_app_store__daily') }} as days
left join {{ ref('fct_app_store__daily') }} as before
    on before.app_id = days.app_id
    and before.date_day = days.date_day - 7
where not days.is_complete
group by days.date_day, days.is_complete
order by days.date_day
