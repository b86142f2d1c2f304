{{ config(enabled=var('app_store_connect_detailed', false)) }}
{{ stage('app_clip_usage_detailed_daily', 'date', {
    'app_name': ['app_name', 'text'],
    'app_apple_identifier': ['app_apple_identifier', 'bigint'],
    'app_clip_event_type': ['app_clip_event_type', 'text'],
    'source_type': ['source_type', 'text'],
    'source_info': ['source_info', 'text'],
    'campaign': ['campaign', 'text'],
    'app_version': ['app_version', 'text'],
    'device': ['device', 'text'],
    'platform_version': ['platform_version', 'text'],
    'territory': ['territory', 'text'],
    'counts': ['counts', 'bigint'],
    'total_session_duration': ['session_seconds', 'bigint'],
    'unique_devices': ['unique_devices', 'bigint'],
}, keys=['territory', 'source_type', 'device', 'platform_version', 'app_version']) }}
