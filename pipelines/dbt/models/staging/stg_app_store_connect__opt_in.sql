{{ stage('app_opt_in_daily', 'date', {
    'app_name': ['app_name', 'text'],
    'app_apple_identifier': ['app_apple_identifier', 'bigint'],
    'downloading_users': ['downloading_users', 'bigint'],
    'users_opting_in': ['users_opting_in', 'bigint'],
}, keys=[]) }}
