{#- The state of each date as the view date_owners has it. Every run builds this model first, and reads the
    rows of the reports later: so a fingerprint can be older than the rows, and never newer. -#}
{%- set owner_columns = {
    'app_id': 'bigint', 'table_name': 'text', 'date': 'date', 'first_processing_date': 'date',
    'processing_date': 'date', 'newest_processing_date': 'date', 'slices': 'bigint',
    'newest_slice_key': 'bigint', 'row_count': 'bigint', 'rows_hash': 'bigint',
    'is_observed': 'boolean', 'is_complete': 'boolean'
} -%}
{%- set catalogue_columns = {'table_name': 'text', 'lag_days': 'bigint', '_dlt_load_id': 'text'} -%}
{%- set date = adapter.quote('date') -%}
{%- set fingerprint = [
    edition(), 'cast(newest_slice_key as text)', 'cast(slices as text)', 'cast(row_count as text)',
    'cast(rows_hash as text)', 'cast(is_complete as text)'
] -%}

with date_owners as {{ always(source('app_store_connect', 'date_owners'), owner_columns) }},

report_catalogue as {{ always(source('app_store_connect_raw', 'report_catalogue'), catalogue_columns) }},

loads as {{ always(source('app_store_connect_raw', '_dlt_loads'), {'load_id': 'text', 'status': 'bigint'}) }},

owners as (
    select * from date_owners
    where
        table_name in (
            {%- for report in reports().values() %}
            '{{ report.view }}'{{ ',' if not loop.last }}
            {%- endfor %}
        )
),

catalogue as (
    select
        table_name,
        lag_days,
        row_number() over (partition by table_name order by _dlt_load_id desc) as recency
    from report_catalogue
    where _dlt_load_id in (select loads.load_id from loads where loads.status = 0)
),

newest as (
    select
        app_id,
        table_name,
        max(newest_processing_date) as processing_date,
        max(max(newest_processing_date)) over (partition by app_id) as newest_of_app
    from owners
    group by app_id, table_name
),

-- A report that is silent for {{ quiet_days() }} days while others of the app come is quiet or has
-- ended: then it holds no day back.
observed as (
    select
        app_id,
        table_name,
        case
            when {{ dbt.datediff('processing_date', 'newest_of_app', 'day') }}
                > {{ quiet_days() }} then newest_of_app
            else processing_date
        end as observed_until
    from newest
),

settled as (
    select
        observed.app_id,
        observed.table_name,
        observed.observed_until,
        cast({{ dbt.dateadd('day', '-catalogue.lag_days', 'observed.observed_until') }} as date)
            as complete_until
    from observed
    join catalogue on catalogue.table_name = observed.table_name
    where catalogue.recency = 1
),

judged as (
    select
        owners.app_id,
        owners.table_name,
        owners.{{ date }} as date_day,
        owners.first_processing_date,
        owners.processing_date,
        settled.observed_until,
        settled.complete_until,
        owners.newest_slice_key,
        owners.slices,
        owners.row_count,
        owners.rows_hash,
        owners.is_complete or (owners.is_observed and owners.{{ date }} <= settled.complete_until)
            as is_complete
    from owners
    join settled on settled.app_id = owners.app_id and settled.table_name = owners.table_name
    where owners.slices > 0
)

select
    cast(app_id as bigint) as app_id,
    table_name,
    cast(date_day as date) as date_day,
    first_processing_date,
    processing_date,
    observed_until,
    complete_until,
    is_complete,
    {{ dbt.hash(fingerprint | join(" || ' ' || ")) }} as vintage
from judged
