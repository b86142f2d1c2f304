{%- set apps = {
    'id': 'bigint', 'name': 'text', 'bundle_id': 'text', 'sku': 'text', 'primary_locale': 'text',
    'key_names': 'text', '_dlt_load_id': 'text'
} -%}
with listed as {{ always(source('app_store_connect_raw', 'apps'), apps) }},

loads as {{ always(source('app_store_connect_raw', '_dlt_loads'), {'load_id': 'text', 'status': 'bigint'}) }},

ranked as (
    select
        listed.*,
        row_number() over (partition by listed.id order by listed._dlt_load_id desc) as recency
    from listed
    where listed._dlt_load_id in (select loads.load_id from loads where loads.status = 0)
),

latest as (
    select * from ranked where recency = 1
),

-- an app that is not listed any more, or whose list could not be read, still has figures
told as (
    select distinct app_id from {{ ref('app_store_connect', 'int_app_store_connect__vintages') }}
    union
    select id as app_id from latest
)

select
    cast(told.app_id as bigint) as app_id,
    coalesce(latest.name, {{ not_stated() }}) as app_name,
    latest.bundle_id,
    latest.sku,
    latest.primary_locale,
    latest.key_names
from told
left join latest on latest.id = told.app_id
