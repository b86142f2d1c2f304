{{ config(enabled=var('app_store_connect_fivetran', false)) }}

select
    app_id as id,
    app_name as name,
    bundle_id,
    sku,
    primary_locale,
    true as is_enabled,
    cast({{ dbt.current_timestamp() }} as timestamp) as _fivetran_synced
from {{ without_file(ref('app_store_connect', 'dim_app_store_connect__apps')) }}
