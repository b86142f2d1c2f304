{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    pre_hook="{{ forget_changed(vintages_of('app_downloads_standard_daily')) }}",
) }}

{{ by_dimension(
    ref('app_store_connect', 'stg_app_store_connect__downloads'),
    'app_downloads_standard_daily',
    dimensions=reports()['downloads'].dimensions,
    measures={
        'first_time_downloads': where_literal('download_type', ['first-time download']),
        'redownloads': where_literal('download_type', ['redownload']),
        'updates': where_literal('download_type', ['auto-update', 'manual update']),
        'other_downloads': other_literal('download_type', ['first-time download', 'redownload', 'auto-update', 'manual update']),
    },
) }}
