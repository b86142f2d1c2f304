-- How much do figures still move? What Apple had told of a day after one day, two and three, as a
-- percentage of what it tells of the day now, over complete days.
select
    told.report_name,
    round(
        100.0 * sum(case when told.age_days = 1 then told.measure_total end)
        / nullif(sum(case when told.age_days = 1 then final.measure_total end), 0), 1
    ) as after_1_day,
    round(
        100.0 * sum(case when told.age_days = 2 then told.measure_total end)
        / nullif(sum(case when told.age_days = 2 then final.measure_total end), 0), 1
    ) as after_2_days,
    round(
        100.0 * sum(case when told.age_days = 3 then told.measure_total end)
        / nullif(sum(case when told.age_days = 3 then final.measure_total end), 0), 1
    ) as after_3_days,
    count(distinct told.date_day) as days
from {{ ref('app_store_connect', 'fct_app_store_connect__restatements') }} as told
join {{ ref('app_store_connect', 'fct_app_store_connect__restatements') }} as final
    on final.app_id = told.app_id
    and final.table_name = told.table_name
    and final.date_day = told.date_day
where final.is_shown
    and final.is_complete
    and final.measure_total > 0
group by told.report_name
having count(case when told.age_days in (1, 2, 3) then 1 end) > 0
order by told.report_name
