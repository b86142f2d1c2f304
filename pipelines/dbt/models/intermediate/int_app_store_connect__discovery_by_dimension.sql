{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    pre_hook="{{ forget_changed(vintages_of('app_store_discovery_and_engagement_standard_daily')) }}",
) }}

{%- set product_pages = ['product page', 'product sheet', 'store sheet'] %}
{{ by_dimension(
    ref('app_store_connect', 'stg_app_store_connect__discovery'),
    'app_store_discovery_and_engagement_standard_daily',
    dimensions=reports()['discovery'].dimensions,
    measures={
        'impressions': where_literal('event', ['impression']),
        'page_views': where_literal('event', ['page view'], where_literal('page_type', product_pages)),
        'other_page_views': where_literal('event', ['page view'], other_literal('page_type', product_pages)),
        'taps': where_literal('event', ['tap']),
        'impression_uniques_summed_over_dimensions': where_literal('event', ['impression'], 'told.unique_counts'),
        'page_view_uniques_summed_over_dimensions': where_literal('event', ['page view'],
            where_literal('page_type', product_pages, 'told.unique_counts')),
    },
) }}
