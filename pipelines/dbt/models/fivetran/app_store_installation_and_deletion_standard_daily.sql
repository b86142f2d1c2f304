{{ config(enabled=var('app_store_connect_fivetran', false)) }}

{{ as_fivetran(ref('app_store_connect', 'stg_app_store_connect__installs'), {
    'event': ['event', 'text'],
    'download_type': ['download_type', 'text'],
    'app_version': ['app_version', 'text'],
    'device': ['device', 'text'],
    'platform_version': ['platform_version', 'text'],
    'source_type': ['source_type', 'text'],
    'page_type': ['page_type', 'text'],
    'app_download_date': ['app_download_date', 'value'],
    'territory': ['territory', 'text'],
    'counts': ['counts', 'value'],
    'unique_devices': ['unique_devices', 'value'],
    'source_info': ['', 'none'],
    'page_title': ['', 'none'],
}) }}
