{{ config(enabled=var('app_store_connect_detailed', false)) }}
{{ at_full_grain('pre_orders_detailed') }}
