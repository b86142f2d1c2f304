{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    pre_hook="{{ forget_changed(vintages_of('app_store_installation_and_deletion_standard_daily')) }}",
) }}

{{ by_dimension(
    ref('app_store_connect', 'stg_app_store_connect__installs'),
    'app_store_installation_and_deletion_standard_daily',
    dimensions=reports()['installs'].dimensions,
    measures={
        'first_time_installs': where_literal('event', ['install'], where_literal('download_type', ['first-time download'])),
        'reinstalls': where_literal('event', ['install'], where_literal('download_type', ['redownload'])),
        'installed_updates': where_literal('event', ['install'], where_literal('download_type', ['auto-update', 'manual update'])),
        'other_installs': where_literal('event', ['install'],
            other_literal('download_type', ['first-time download', 'redownload', 'auto-update', 'manual update'])),
        'deletions': where_literal('event', ['delete']),
    },
) }}
