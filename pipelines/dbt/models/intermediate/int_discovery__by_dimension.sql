{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    pre_hook="{{ forget_changed(vintages_of('app_store_discovery_and_engagement_standard_daily')) }}",
) }}

{{ by_dimension(
    ref('stg_app_store_connect__discovery'),
    'app_store_discovery_and_engagement_standard_daily',
    dimensions=['territory', 'source_type', 'device', 'platform_version'],
    measures={
        'impressions': where_literal('event', ['impression']),
        'page_views': where_literal('event', ['page view']),
        'taps': where_literal('event', ['tap']),
        'impression_uniques_summed_over_dimensions': where_literal('event', ['impression'], 'told.unique_counts'),
        'page_view_uniques_summed_over_dimensions': where_literal('event', ['page view'], 'told.unique_counts'),
    },
) }}
