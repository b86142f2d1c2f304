{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    pre_hook="{{ forget_changed(vintages_of('app_store_purchases_standard_daily')) }}",
) }}

{{ by_dimension(
    ref('app_store_connect', 'stg_app_store_connect__purchases'),
    'app_store_purchases_standard_daily',
    dimensions=reports()['purchases'].dimensions,
    measures={
        'purchases': 'told.purchases',
        'sales_usd': 'told.sales_usd',
        'proceeds_usd': 'told.proceeds_usd',
        'paying_users_summed_over_dimensions': 'told.paying_users',
    },
) }}
