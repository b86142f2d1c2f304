{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    pre_hook="{{ forget_changed(vintages_of('app_sessions_standard_daily')) }}",
) }}

{{ by_dimension(
    ref('app_store_connect', 'stg_app_store_connect__sessions'),
    'app_sessions_standard_daily',
    dimensions=reports()['sessions'].dimensions,
    measures={
        'sessions': 'told.sessions',
        'session_seconds': 'told.session_seconds',
        'session_devices_summed_over_dimensions': 'told.unique_devices',
    },
) }}
