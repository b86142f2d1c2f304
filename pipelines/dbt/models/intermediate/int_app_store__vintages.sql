{#- Built first in every run: what stands behind each date, from the ledger alone. What is read later
    is at least as new, so a model can only be too old by this, never too young. -#}
{%- set segments = {
    'segment_id': 'text', 'instance_id': 'text', 'processing_date': 'date', 'app_id': 'bigint',
    'table_name': 'text', 'access_type': 'text', '_dlt_load_id': 'text'
} -%}
{%- set dates = {
    'segment_id': 'text', 'date': 'date', 'row_count': 'bigint', '_dlt_load_id': 'text'
} -%}
{%- set instances = {'id': 'text', 'unlisted_since': 'date', '_dlt_load_id': 'text'} -%}
{%- set checks = {
    'app_id': 'bigint', 'table_name': 'text', 'processing_date': 'date', 'outcome': 'text',
    '_dlt_load_id': 'text'
} -%}
{%- set ledger = source('app_store_connect_raw', 'analytics_report_segments') -%}
{%- set segment_dates = source('app_store_connect_raw', 'analytics_segment_dates') -%}
{%- set loads = source('app_store_connect_raw', '_dlt_loads') -%}
{%- set report_instances = source('app_store_connect_raw', 'analytics_report_instances') -%}
{%- set instance_checks = source('app_store_connect_raw', 'analytics_instance_checks') -%}
{%- set accumulating = var('app_store_connect_accumulating') -%}
{%- set ongoing_of_accumulating -%}
    ranked.is_snapshot = 0 and ranked.table_name in ('{{ accumulating | join("', '") }}')
{%- endset %}

with ledger as {{ always(ledger, segments) }},

segment_dates as {{ always(segment_dates, dates) }},

loads as {{ always(loads, {'load_id': 'text', 'status': 'bigint'}) }},

report_instances as {{ always(report_instances, instances) }},

instance_checks as {{ always(instance_checks, checks) }},

-- an instance that Apple lists no more: the load that found this out
unlisted as (
    select id, _dlt_load_id
    from (
        select
            report_instances.*,
            row_number() over (partition by id order by _dlt_load_id desc) as recency
        from report_instances
        where _dlt_load_id in (select load_id from loads where status = 0)
    ) as told
    where recency = 1 and unlisted_since is not null
),

-- a segment re-published under another checksum has several ledger rows: the latest load counts
ranked as (
    select
        ledger.*,
        case when ledger.access_type = 'ONE_TIME_SNAPSHOT' then 1 else 0 end as is_snapshot,
        coalesce(unlisted._dlt_load_id, 'still') as listed_until,
        row_number() over (
            partition by ledger.segment_id order by ledger._dlt_load_id desc
        ) as recency
    from ledger
    left join unlisted on unlisted.id = ledger.instance_id
    where ledger._dlt_load_id in (select load_id from loads where status = 0)
        and ledger.table_name in ('{{ lags().keys() | join("', '") }}')
),

dated as (
    select
        ranked.app_id,
        ranked.table_name,
        segment_dates.date as date_day,
        ranked.instance_id,
        ranked.processing_date,
        ranked.is_snapshot,
        first_value(ranked.instance_id) over (
            partition by ranked.app_id, ranked.table_name, segment_dates.date
                {%- if accumulating %},
                -- of a report that accumulates each ONGOING processing date has an owner
                case when {{ ongoing_of_accumulating }} then ranked.processing_date end
                {%- endif %}
            order by
                ranked.processing_date desc, ranked.is_snapshot, ranked.listed_until desc,
                ranked.instance_id desc
        ) as owner_id,
        min(ranked.is_snapshot) over (
            partition by ranked.app_id, ranked.table_name, segment_dates.date
        ) as is_of_snapshots,
        ranked.segment_id || ' ' || ranked._dlt_load_id || ' ' || ranked.instance_id || ' '
        || cast(ranked.processing_date as text) || ' '
        || cast(segment_dates.row_count as text) as identity
    from ranked
    join segment_dates
        on segment_dates.segment_id = ranked.segment_id
        and segment_dates._dlt_load_id = ranked._dlt_load_id
    where ranked.recency = 1
),

-- as in the views: the owner of a date has all its rows; of a report that accumulates ONGOING
-- instances come before snapshots
shown as (
    select * from dated
    where instance_id = owner_id
    {%- if accumulating %}
        and (
            is_snapshot = is_of_snapshots
            or table_name not in ('{{ accumulating | join("', '") }}')
        )
    {%- endif %}
),

told as (
    select
        app_id,
        table_name,
        date_day,
        min(processing_date) as first_processing_date,
        max(processing_date) as processing_date,
        {{ dbt.listagg('identity', "','", "order by identity") }} as identities
    from shown
    group by app_id, table_name, date_day
),

-- the newest processing date of each report, also of an instance without any segment
looks as (
    select app_id, table_name, processing_date from ranked where recency = 1
    union all
    select app_id, table_name, processing_date from instance_checks
    where outcome = 'empty' and _dlt_load_id in (select load_id from loads where status = 0)
),

newest as (
    select
        app_id,
        table_name,
        max(processing_date) as processing_date,
        max(max(processing_date)) over (partition by app_id) as newest_of_app
    from looks
    group by app_id, table_name
),

-- A report that is silent for {{ quiet_days() }} days while others of the app come is quiet or has
-- ended: then it holds no day back.
observed as (
    select
        app_id,
        table_name,
        case
            when {{ dbt.datediff('processing_date', 'newest_of_app', 'day') }} > {{ quiet_days() }}
                then newest_of_app
            else processing_date
        end as observed_until
    from newest
),

judged as (
    select
        told.*,
        observed.observed_until,
        {{ dbt.datediff('told.date_day', 'observed.observed_until', 'day') }}
            >= {{ lag_of('told.table_name') }} as is_complete
    from told
    join observed on observed.app_id = told.app_id and observed.table_name = told.table_name
)

select
    cast(app_id as bigint) as app_id,
    table_name,
    cast(date_day as date) as date_day,
    first_processing_date,
    processing_date,
    observed_until,
    is_complete,
    {{ dbt.hash(edition() ~ " || identities || cast(is_complete as text)") }} as vintage
from judged
