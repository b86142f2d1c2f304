{{ stage('platform_app_installs_daily', 'install_day', {
    'app_name': ['app_name', 'text'],
    'app_apple_identifier': ['app_apple_identifier', 'bigint'],
    'install_type': ['install_type', 'text'],
    'channel': ['channel', 'text'],
    'device': ['device', 'text'],
    'platform_version': ['platform_version', 'text'],
    'territory': ['territory', 'text'],
    'installs': ['platform_installs', 'bigint'],
}, keys=['territory', 'device', 'platform_version']) }}
