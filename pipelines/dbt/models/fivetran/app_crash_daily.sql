{{ as_fivetran(ref('stg_app_store_connect__crashes'), {
    'app_version': ['app_version', 'text'],
    'device': ['device', 'text'],
    'platform_version': ['platform_version', 'text'],
    'crashes': ['crashes', 'value'],
    'unique_devices': ['unique_devices', 'value'],
}) }}
