{{ config(enabled=var('app_store_connect_metrics', false) | as_bool) }}
{#- MetricFlow needs a table of days that lists each one. -#}
select date_day from {{ ref('app_store_connect', 'dim_app_store_connect__dates') }}
