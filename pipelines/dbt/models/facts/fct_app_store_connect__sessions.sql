{{ at_full_grain('stg_app_store_connect__sessions', 'app_sessions_standard_daily', [
    'app_name',
    'app_apple_identifier',
    'app_version',
    'device',
    'platform_version',
    'source_type',
    'page_type',
    'app_download_date',
    'territory',
    'sessions',
    'session_seconds',
    'unique_devices',
]) }}
