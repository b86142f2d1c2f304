{{ at_full_grain('stg_app_store_connect__downloads', 'app_downloads_standard_daily', [
    'app_name',
    'app_apple_identifier',
    'download_type',
    'app_version',
    'device',
    'platform_version',
    'source_type',
    'page_type',
    'pre_order',
    'territory',
    'counts',
]) }}
