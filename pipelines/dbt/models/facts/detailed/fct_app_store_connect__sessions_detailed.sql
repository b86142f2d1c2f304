{{ config(enabled=var('app_store_connect_detailed', false)) }}
{{ at_full_grain('sessions_detailed') }}
