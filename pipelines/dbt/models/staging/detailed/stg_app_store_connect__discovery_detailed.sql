{{ config(enabled=var('app_store_connect_detailed', false)) }}
{{ stage('app_store_discovery_and_engagement_detailed_daily', 'date', {
    'app_name': ['app_name', 'text'],
    'app_apple_identifier': ['app_apple_identifier', 'bigint'],
    'event': ['event', 'text'],
    'page_type': ['page_type', 'text'],
    'page_title': ['page_title', 'text'],
    'source_type': ['source_type', 'text'],
    'source_info': ['source_info', 'text'],
    'campaign': ['campaign', 'text'],
    'engagement_type': ['engagement_type', 'text'],
    'device': ['device', 'text'],
    'platform_version': ['platform_version', 'text'],
    'territory': ['territory', 'text'],
    'counts': ['counts', 'bigint'],
    'unique_counts': ['unique_counts', 'bigint'],
}, keys=['event', 'territory', 'source_type', 'device', 'platform_version', 'page_type']) }}
