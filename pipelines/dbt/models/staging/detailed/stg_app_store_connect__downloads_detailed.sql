{{ config(enabled=var('app_store_connect_detailed', false)) }}
{{ stage('app_downloads_detailed_daily', 'date', {
    'app_name': ['app_name', 'text'],
    'app_apple_identifier': ['app_apple_identifier', 'bigint'],
    'download_type': ['download_type', 'text'],
    'app_version': ['app_version', 'text'],
    'device': ['device', 'text'],
    'platform_version': ['platform_version', 'text'],
    'source_type': ['source_type', 'text'],
    'source_info': ['source_info', 'text'],
    'campaign': ['campaign', 'text'],
    'page_type': ['page_type', 'text'],
    'page_title': ['page_title', 'text'],
    'pre_order': ['pre_order', 'text'],
    'territory': ['territory', 'text'],
    'counts': ['counts', 'bigint'],
}, keys=['download_type', 'territory', 'source_type', 'device', 'platform_version', 'app_version', 'page_type']) }}
