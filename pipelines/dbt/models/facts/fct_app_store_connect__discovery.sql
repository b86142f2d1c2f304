{{ at_full_grain('stg_app_store_connect__discovery', 'app_store_discovery_and_engagement_standard_daily', [
    'app_name',
    'app_apple_identifier',
    'event',
    'page_type',
    'source_type',
    'engagement_type',
    'device',
    'platform_version',
    'territory',
    'counts',
    'unique_counts',
]) }}
