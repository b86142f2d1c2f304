{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    pre_hook="{{ forget_changed(vintages_of('app_opt_in_daily')) }}",
) }}

{{ by_dimension(
    ref('app_store_connect', 'stg_app_store_connect__opt_in'),
    'app_opt_in_daily',
    dimensions=reports()['opt_in'].dimensions,
    measures={
        'downloading_users': 'told.downloading_users',
        'users_opting_in': 'told.users_opting_in',
    },
) }}
