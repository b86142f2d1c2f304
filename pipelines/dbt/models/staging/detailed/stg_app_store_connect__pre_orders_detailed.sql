{{ config(enabled=var('app_store_connect_detailed', false)) }}
{{ stage('app_store_pre_orders_detailed_daily', 'date', {
    'app_name': ['app_name', 'text'],
    'app_apple_identifier': ['app_apple_identifier', 'bigint'],
    'device': ['device', 'text'],
    'platform_version': ['platform_version', 'text'],
    'source_type': ['source_type', 'text'],
    'source_info': ['source_info', 'text'],
    'campaign': ['campaign', 'text'],
    'page_type': ['page_type', 'text'],
    'page_title': ['page_title', 'text'],
    'territory': ['territory', 'text'],
    'pre_order_start_date': ['pre_order_start_date', 'date'],
    'pre_order_end_date': ['pre_order_end_date', 'date'],
    'pre_orders_placed': ['pre_orders_placed', 'bigint'],
    'pre_orders_canceled': ['pre_orders_canceled', 'bigint'],
}, keys=['territory', 'source_type', 'device', 'platform_version', 'page_type']) }}
