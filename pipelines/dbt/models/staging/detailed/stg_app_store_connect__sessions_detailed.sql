{{ config(enabled=var('app_store_connect_detailed', false)) }}
{{ stage('app_sessions_detailed_daily', 'date', {
    'app_name': ['app_name', 'text'],
    'app_apple_identifier': ['app_apple_identifier', 'bigint'],
    'app_version': ['app_version', 'text'],
    'device': ['device', 'text'],
    'platform_version': ['platform_version', 'text'],
    'source_type': ['source_type', 'text'],
    'source_info': ['source_info', 'text'],
    'campaign': ['campaign', 'text'],
    'page_type': ['page_type', 'text'],
    'page_title': ['page_title', 'text'],
    'app_download_date': ['app_download_date', 'date'],
    'territory': ['territory', 'text'],
    'sessions': ['sessions', 'bigint'],
    'total_session_duration': ['session_seconds', 'bigint'],
    'unique_devices': ['unique_devices', 'bigint'],
}, keys=['territory', 'source_type', 'device', 'platform_version', 'app_version', 'app_download_date', 'page_type']) }}
