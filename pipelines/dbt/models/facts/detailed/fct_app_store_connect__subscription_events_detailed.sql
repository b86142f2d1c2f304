{{ config(enabled=var('app_store_connect_detailed', false)) }}
{{ at_full_grain('subscription_events_detailed') }}
