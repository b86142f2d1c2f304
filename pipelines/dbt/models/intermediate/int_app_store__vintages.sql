{#- Built first in every run: what stands behind each date, from the ledger alone. What is read later
    is at least as new, so a model can only be too old by this, never too young. -#}
{%- set segments = {
    'segment_id': 'text', 'instance_id': 'text', 'processing_date': 'date', 'app_id': 'bigint',
    'table_name': 'text', '_dlt_load_id': 'text'
} -%}
{%- set dates = {
    'segment_id': 'text', 'date': 'date', 'row_count': 'bigint', '_dlt_load_id': 'text'
} -%}
{%- set ledger = source('app_store_connect_raw', 'analytics_report_segments') -%}
{%- set segment_dates = source('app_store_connect_raw', 'analytics_segment_dates') -%}
{%- set loads = source('app_store_connect_raw', '_dlt_loads') -%}

with ledger as {{ always(ledger, segments) }},

segment_dates as {{ always(segment_dates, dates) }},

loads as {{ always(loads, {'load_id': 'text', 'status': 'bigint'}) }},

-- a segment re-published under another checksum has several ledger rows: the latest load counts
ranked as (
    select
        ledger.*,
        row_number() over (
            partition by ledger.segment_id order by ledger._dlt_load_id desc
        ) as recency
    from ledger
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
        first_value(ranked.instance_id) over (
            partition by ranked.app_id, ranked.table_name, segment_dates.date
            order by ranked.processing_date desc, ranked.instance_id desc
        ) as owner_id,
        ranked.segment_id || ' ' || ranked._dlt_load_id || ' ' || ranked.instance_id || ' '
        || cast(ranked.processing_date as text) || ' '
        || cast(segment_dates.row_count as text) as identity
    from ranked
    join segment_dates
        on segment_dates.segment_id = ranked.segment_id
        and segment_dates._dlt_load_id = ranked._dlt_load_id
    where ranked.recency = 1
),

-- as in the views: the owner of a date has all its rows, unless the report is set to accumulate
shown as (
    select * from dated
    where instance_id = owner_id
    {%- if var('app_store_connect_accumulating') %}
        or table_name in ('{{ var('app_store_connect_accumulating') | join("', '") }}')
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

instances as (
    select distinct app_id, table_name, processing_date from ranked where recency = 1
),

-- past the lag, or the instance that was prepared when it ended has nothing of the date any more
judged as (
    select
        told.*,
        {{ dbt.datediff('told.date_day', 'told.processing_date', 'day') }}
            >= {{ lag_of('told.table_name') }}
        or instances.processing_date is not null as is_complete
    from told
    left join instances
        on instances.app_id = told.app_id
        and instances.table_name = told.table_name
        and instances.processing_date
            = cast({{ dbt.dateadd('day', lag_of('told.table_name'), 'told.date_day') }} as date)
)

select
    cast(app_id as bigint) as app_id,
    table_name,
    cast(date_day as date) as date_day,
    first_processing_date,
    processing_date,
    is_complete,
    {{ dbt.hash(edition() ~ " || identities || cast(is_complete as text)") }} as vintage
from judged
