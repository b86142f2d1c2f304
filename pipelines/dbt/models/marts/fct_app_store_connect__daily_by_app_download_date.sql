{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    pre_hook="{{ forget_changed(ref('app_store_connect', 'int_app_store_connect__days')) }}",
) }}

{{ daily('app_download_date') }}
