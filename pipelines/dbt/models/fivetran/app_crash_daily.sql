{{ config(enabled=var('app_store_connect_fivetran', false)) }}

{{ as_fivetran(ref('app_store_connect', 'stg_app_store_connect__crashes'), {
    'app_version': ['app_version', 'text'],
    'device': ['device', 'text'],
    'platform_version': ['platform_version', 'text'],
    'crashes': ['crashes', 'value'],
    'unique_devices': ['unique_devices', 'value'],
}) }}
