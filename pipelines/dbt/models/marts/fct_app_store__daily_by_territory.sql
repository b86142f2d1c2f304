{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    pre_hook="{{ forget_changed(ref('int_app_store__days')) }}",
) }}

{{ daily('territory') }}
