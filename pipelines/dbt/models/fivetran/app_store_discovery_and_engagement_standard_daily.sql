{{ config(enabled=var('app_store_connect_fivetran', false)) }}

{{ as_fivetran(ref('app_store_connect', 'stg_app_store_connect__discovery'), {
    'event': ['event', 'text'],
    'page_type': ['page_type', 'text'],
    'source_type': ['source_type', 'text'],
    'engagement_type': ['engagement_type', 'text'],
    'device': ['device', 'text'],
    'platform_version': ['platform_version', 'text'],
    'territory': ['territory', 'text'],
    'counts': ['counts', 'value'],
    'unique_counts': ['unique_counts', 'value'],
    'page_title': ['', 'none'],
    'source_info': ['', 'none'],
}) }}
