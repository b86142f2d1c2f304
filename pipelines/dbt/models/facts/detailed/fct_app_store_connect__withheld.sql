{{ config(enabled=var('app_store_connect_detailed', false)) }}

{{ withheld() }}
