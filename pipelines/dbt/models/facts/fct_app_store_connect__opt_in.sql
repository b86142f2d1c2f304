{{ at_full_grain('stg_app_store_connect__opt_in', 'app_opt_in_daily', [
    'app_name',
    'app_apple_identifier',
    'downloading_users',
    'users_opting_in',
]) }}
