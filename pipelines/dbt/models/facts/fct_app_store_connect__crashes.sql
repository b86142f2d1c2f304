{{ at_full_grain('stg_app_store_connect__crashes', 'app_crashes_daily', [
    'app_name',
    'app_apple_identifier',
    'app_version',
    'device',
    'platform_version',
    'crashes',
    'unique_devices',
]) }}
