-- What was the best day, and what made it? Of each app the day with most first-time downloads, and the
-- source that brought most of them.
with ranked as (
    select
        app_id,
        date_day,
        first_time_downloads,
        row_number() over (partition by app_id order by first_time_downloads desc, date_day) as place
    from {{ ref('app_store_connect', 'fct_app_store_connect__daily') }}
    where first_time_downloads is not null
),

sources as (
    select
        app_id,
        date_day,
        source_type,
        first_time_downloads,
        row_number() over (
            partition by app_id, date_day order by first_time_downloads desc, source_type
        ) as place
    from {{ ref('app_store_connect', 'fct_app_store_connect__daily_by_source_type') }}
    where first_time_downloads is not null
)

select
    apps.app_name,
    ranked.date_day,
    ranked.first_time_downloads,
    sources.source_type as main_source,
    round(100.0 * sources.first_time_downloads / ranked.first_time_downloads) as percent_of_it
from ranked
join sources
    on sources.app_id = ranked.app_id
    and sources.date_day = ranked.date_day
    and sources.place = 1
join {{ ref('app_store_connect', 'dim_app_store_connect__apps') }} as apps on apps.app_id = ranked.app_id
where ranked.place = 1
order by apps.app_name
