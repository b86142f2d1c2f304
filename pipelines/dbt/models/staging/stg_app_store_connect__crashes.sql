{{ stage('app_crashes_daily', 'date', {
    'app_name': ['app_name', 'text'],
    'app_apple_identifier': ['app_apple_identifier', 'bigint'],
    'app_version': ['app_version', 'text'],
    'device': ['device', 'text'],
    'platform_version': ['platform_version', 'text'],
    'crashes': ['crashes', 'bigint'],
    'unique_devices': ['unique_devices', 'bigint'],
}, keys=['device', 'platform_version', 'app_version']) }}
