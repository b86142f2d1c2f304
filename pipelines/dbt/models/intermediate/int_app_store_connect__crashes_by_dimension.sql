{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    pre_hook="{{ forget_changed(vintages_of('app_crashes_daily')) }}",
) }}

{{ by_dimension(
    ref('app_store_connect', 'stg_app_store_connect__crashes'),
    'app_crashes_daily',
    dimensions=reports()['crashes'].dimensions,
    measures={
        'crashes': 'told.crashes',
        'crash_devices_summed_over_dimensions': 'told.unique_devices',
    },
) }}
