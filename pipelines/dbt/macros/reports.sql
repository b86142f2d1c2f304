{# Written by asc_pipeline/models/generator.py from asc_pipeline/models/reports.py.

   Each report: its view, its dimensions in the marts, and its measures,
   which are summed over rows `told` of its staging model. #}
{% macro reports() %}
    {{ return({
        'discovery': {
            'view': 'app_store_discovery_and_engagement_standard_daily',
            'is_in_marts': True,
            'dimensions': ['territory', 'source_type', 'device', 'platform_version'],
            'measures': {
                'impressions': "case when told.event_key = 'impression' then told.counts end",
                'page_views': "case when told.event_key = 'page view' and told.page_type_key in ('product page', 'product sheet', 'store sheet') then told.counts end",
                'other_page_views': "case when told.event_key = 'page view' and (told.page_type_key in ('product page', 'product sheet', 'store sheet')) is not true then told.counts end",
                'taps': "case when told.event_key = 'tap' then told.counts end",
                'impression_uniques_summed_over_dimensions': "case when told.event_key = 'impression' then told.unique_counts end",
                'page_view_uniques_summed_over_dimensions': "case when told.event_key = 'page view' and told.page_type_key in ('product page', 'product sheet', 'store sheet') then told.unique_counts end",
            },
        },
        'downloads': {
            'view': 'app_downloads_standard_daily',
            'is_in_marts': True,
            'dimensions': ['territory', 'source_type', 'device', 'platform_version', 'app_version'],
            'measures': {
                'first_time_downloads': "case when told.download_type_key = 'first-time download' then told.counts end",
                'redownloads': "case when told.download_type_key = 'redownload' then told.counts end",
                'updates': "case when told.download_type_key in ('auto-update', 'manual update') then told.counts end",
                'other_downloads': "case when (told.download_type_key in ('first-time download', 'redownload', 'auto-update', 'manual update')) is not true then told.counts end",
            },
        },
        'installs': {
            'view': 'app_store_installation_and_deletion_standard_daily',
            'is_in_marts': True,
            'dimensions': ['territory', 'source_type', 'app_download_date', 'device', 'platform_version', 'app_version'],
            'measures': {
                'first_time_installs': "case when told.event_key = 'install' and told.download_type_key = 'first-time download' then told.counts end",
                'reinstalls': "case when told.event_key = 'install' and told.download_type_key = 'redownload' then told.counts end",
                'installed_updates': "case when told.event_key = 'install' and told.download_type_key in ('auto-update', 'manual update') then told.counts end",
                'other_installs': "case when told.event_key = 'install' and (told.download_type_key in ('first-time download', 'redownload', 'auto-update', 'manual update')) is not true then told.counts end",
                'deletions': "case when told.event_key = 'delete' then told.counts end",
            },
        },
        'sessions': {
            'view': 'app_sessions_standard_daily',
            'is_in_marts': True,
            'dimensions': ['territory', 'source_type', 'app_download_date', 'device', 'platform_version', 'app_version'],
            'measures': {
                'sessions': "told.sessions",
                'session_seconds': "told.session_seconds",
                'session_devices_summed_over_dimensions': "told.unique_devices",
            },
        },
        'crashes': {
            'view': 'app_crashes_daily',
            'is_in_marts': True,
            'dimensions': ['device', 'platform_version', 'app_version'],
            'measures': {
                'crashes': "told.crashes",
                'crash_devices_summed_over_dimensions': "told.unique_devices",
            },
        },
        'purchases': {
            'view': 'app_store_purchases_standard_daily',
            'is_in_marts': True,
            'dimensions': ['territory', 'source_type', 'app_download_date', 'device', 'platform_version'],
            'measures': {
                'purchases': "told.purchases",
                'sales_usd': "told.sales_usd",
                'proceeds_usd': "told.proceeds_usd",
                'paying_users_summed_over_dimensions': "told.paying_users",
            },
        },
        'opt_in': {
            'view': 'app_opt_in_daily',
            'is_in_marts': True,
            'dimensions': [],
            'measures': {
                'downloading_users': "told.downloading_users",
                'users_opting_in': "told.users_opting_in",
            },
        },
        'subscription_state': {
            'view': 'app_store_subscription_state_report_standard_daily',
            'is_in_marts': True,
            'dimensions': ['territory', 'subscription_identifier'],
            'measures': {
                'paid_subscriptions': "case when told.state_metric_key = 'full price' then told.counts end",
                'trial_subscriptions': "case when told.state_metric_key = 'free trial' then told.counts end",
                'billing_retry_subscriptions': "case when told.state_metric_key = 'billing retry' then told.counts end",
                'churned_subscriptions': "case when told.state_metric_key in ('voluntary churn', 'involuntary churn') then told.counts end",
                'other_subscriptions': "case when (told.state_metric_key in ('full price', 'free trial', 'billing retry', 'voluntary churn', 'involuntary churn')) is not true then told.counts end",
            },
        },
        'subscription_events': {
            'view': 'app_store_subscription_event_report_standard_daily',
            'is_in_marts': True,
            'dimensions': ['territory', 'subscription_identifier'],
            'measures': {
                'offer_starts': "case when told.event_group_key = 'offer start' then told.counts end",
                'paid_starts': "case when told.event_group_key = 'paid subscription start' then told.counts end",
                'paid_from_offers': "case when told.event_group_key = 'paid subscription from offer' then told.counts end",
                'renewals': "case when told.event_group_key = 'renewal' then told.counts end",
                'billing_issues': "case when told.event_group_key = 'enter billing issue' then told.counts end",
                'voluntary_churns': "case when told.event_group_key = 'voluntary churn' then told.counts end",
                'involuntary_churns': "case when told.event_group_key = 'involuntary churn' then told.counts end",
                'other_subscription_events': "case when (told.event_group_key in ('offer start', 'paid subscription start', 'paid subscription from offer', 'renewal', 'enter billing issue', 'voluntary churn', 'involuntary churn')) is not true then told.counts end",
            },
        },
        'pre_orders': {
            'view': 'app_store_pre_orders_standard_daily',
            'is_in_marts': False,
            'dimensions': [],
            'measures': {
            },
        },
        'web_preview': {
            'view': 'app_store_web_preview_engagement_standard_daily',
            'is_in_marts': False,
            'dimensions': [],
            'measures': {
            },
        },
        'app_clips': {
            'view': 'app_clip_usage_standard_daily',
            'is_in_marts': False,
            'dimensions': [],
            'measures': {
            },
        },
        'retention_messaging': {
            'view': 'retention_messaging_daily',
            'is_in_marts': False,
            'dimensions': [],
            'measures': {
            },
        },
        'platform_installs': {
            'view': 'platform_app_installs_daily',
            'is_in_marts': False,
            'dimensions': [],
            'measures': {
            },
        },
        'discovery_detailed': {
            'view': 'app_store_discovery_and_engagement_detailed_daily',
            'is_in_marts': False,
            'dimensions': [],
            'measures': {
                'impressions': "case when told.event_key = 'impression' then told.counts end",
                'page_views': "case when told.event_key = 'page view' and told.page_type_key in ('product page', 'product sheet', 'store sheet') then told.counts end",
                'other_page_views': "case when told.event_key = 'page view' and (told.page_type_key in ('product page', 'product sheet', 'store sheet')) is not true then told.counts end",
                'taps': "case when told.event_key = 'tap' then told.counts end",
                'impression_uniques_summed_over_dimensions': "case when told.event_key = 'impression' then told.unique_counts end",
                'page_view_uniques_summed_over_dimensions': "case when told.event_key = 'page view' and told.page_type_key in ('product page', 'product sheet', 'store sheet') then told.unique_counts end",
            },
        },
        'downloads_detailed': {
            'view': 'app_downloads_detailed_daily',
            'is_in_marts': False,
            'dimensions': [],
            'measures': {
                'first_time_downloads': "case when told.download_type_key = 'first-time download' then told.counts end",
                'redownloads': "case when told.download_type_key = 'redownload' then told.counts end",
                'updates': "case when told.download_type_key in ('auto-update', 'manual update') then told.counts end",
                'other_downloads': "case when (told.download_type_key in ('first-time download', 'redownload', 'auto-update', 'manual update')) is not true then told.counts end",
            },
        },
        'installs_detailed': {
            'view': 'app_store_installation_and_deletion_detailed_daily',
            'is_in_marts': False,
            'dimensions': [],
            'measures': {
                'first_time_installs': "case when told.event_key = 'install' and told.download_type_key = 'first-time download' then told.counts end",
                'reinstalls': "case when told.event_key = 'install' and told.download_type_key = 'redownload' then told.counts end",
                'installed_updates': "case when told.event_key = 'install' and told.download_type_key in ('auto-update', 'manual update') then told.counts end",
                'other_installs': "case when told.event_key = 'install' and (told.download_type_key in ('first-time download', 'redownload', 'auto-update', 'manual update')) is not true then told.counts end",
                'deletions': "case when told.event_key = 'delete' then told.counts end",
            },
        },
        'sessions_detailed': {
            'view': 'app_sessions_detailed_daily',
            'is_in_marts': False,
            'dimensions': [],
            'measures': {
                'sessions': "told.sessions",
                'session_seconds': "told.session_seconds",
                'session_devices_summed_over_dimensions': "told.unique_devices",
            },
        },
        'purchases_detailed': {
            'view': 'app_store_purchases_detailed_daily',
            'is_in_marts': False,
            'dimensions': [],
            'measures': {
                'purchases': "told.purchases",
                'sales_usd': "told.sales_usd",
                'proceeds_usd': "told.proceeds_usd",
                'paying_users_summed_over_dimensions': "told.paying_users",
            },
        },
        'subscription_state_detailed': {
            'view': 'app_store_subscription_state_report_detailed_daily',
            'is_in_marts': False,
            'dimensions': [],
            'measures': {
                'paid_subscriptions': "case when told.state_metric_key = 'full price' then told.counts end",
                'trial_subscriptions': "case when told.state_metric_key = 'free trial' then told.counts end",
                'billing_retry_subscriptions': "case when told.state_metric_key = 'billing retry' then told.counts end",
                'churned_subscriptions': "case when told.state_metric_key in ('voluntary churn', 'involuntary churn') then told.counts end",
                'other_subscriptions': "case when (told.state_metric_key in ('full price', 'free trial', 'billing retry', 'voluntary churn', 'involuntary churn')) is not true then told.counts end",
            },
        },
        'subscription_events_detailed': {
            'view': 'app_store_subscription_event_report_detailed_daily',
            'is_in_marts': False,
            'dimensions': [],
            'measures': {
                'offer_starts': "case when told.event_group_key = 'offer start' then told.counts end",
                'paid_starts': "case when told.event_group_key = 'paid subscription start' then told.counts end",
                'paid_from_offers': "case when told.event_group_key = 'paid subscription from offer' then told.counts end",
                'renewals': "case when told.event_group_key = 'renewal' then told.counts end",
                'billing_issues': "case when told.event_group_key = 'enter billing issue' then told.counts end",
                'voluntary_churns': "case when told.event_group_key = 'voluntary churn' then told.counts end",
                'involuntary_churns': "case when told.event_group_key = 'involuntary churn' then told.counts end",
                'other_subscription_events': "case when (told.event_group_key in ('offer start', 'paid subscription start', 'paid subscription from offer', 'renewal', 'enter billing issue', 'voluntary churn', 'involuntary churn')) is not true then told.counts end",
            },
        },
        'pre_orders_detailed': {
            'view': 'app_store_pre_orders_detailed_daily',
            'is_in_marts': False,
            'dimensions': [],
            'measures': {
            },
        },
        'web_preview_detailed': {
            'view': 'app_store_web_preview_engagement_detailed_daily',
            'is_in_marts': False,
            'dimensions': [],
            'measures': {
            },
        },
        'app_clips_detailed': {
            'view': 'app_clip_usage_detailed_daily',
            'is_in_marts': False,
            'dimensions': [],
            'measures': {
            },
        },
    }) }}
{% endmacro %}

{# Of each report with weeks and months: its view without the granularity, the column
   that dates it, and the columns, keys and names of its measures. #}
{% macro period_parts() %}
    {{ return({
        'discovery': {
            'name': 'app_store_discovery_and_engagement_standard',
            'date_column': 'date',
            'columns': {
                'event': ['event', 'text'],
                'page_type': ['page_type', 'text'],
                'counts': ['counts', 'bigint'],
                'unique_counts': ['unique_counts', 'bigint'],
            },
            'key_columns': ['event', 'page_type'],
            'measures': ['impressions', 'page_views', 'other_page_views', 'taps', 'impression_uniques_summed_over_dimensions', 'page_view_uniques_summed_over_dimensions'],
        },
        'downloads': {
            'name': 'app_downloads_standard',
            'date_column': 'date',
            'columns': {
                'download_type': ['download_type', 'text'],
                'counts': ['counts', 'bigint'],
            },
            'key_columns': ['download_type'],
            'measures': ['first_time_downloads', 'redownloads', 'updates', 'other_downloads'],
        },
        'installs': {
            'name': 'app_store_installation_and_deletion_standard',
            'date_column': 'date',
            'columns': {
                'event': ['event', 'text'],
                'download_type': ['download_type', 'text'],
                'counts': ['counts', 'bigint'],
            },
            'key_columns': ['event', 'download_type'],
            'measures': ['first_time_installs', 'reinstalls', 'installed_updates', 'other_installs', 'deletions'],
        },
        'sessions': {
            'name': 'app_sessions_standard',
            'date_column': 'date',
            'columns': {
                'sessions': ['sessions', 'bigint'],
                'total_session_duration': ['session_seconds', 'bigint'],
                'unique_devices': ['unique_devices', 'bigint'],
            },
            'key_columns': [],
            'measures': ['sessions', 'session_seconds', 'session_devices_summed_over_dimensions'],
        },
        'crashes': {
            'name': 'app_crashes',
            'date_column': 'date',
            'columns': {
                'crashes': ['crashes', 'bigint'],
                'unique_devices': ['unique_devices', 'bigint'],
            },
            'key_columns': [],
            'measures': ['crashes', 'crash_devices_summed_over_dimensions'],
        },
        'purchases': {
            'name': 'app_store_purchases_standard',
            'date_column': 'date',
            'columns': {
                'purchases': ['purchases', 'bigint'],
                'proceeds_in_usd': ['proceeds_usd', 'decimal(38, 9)'],
                'sales_in_usd': ['sales_usd', 'decimal(38, 9)'],
                'paying_users': ['paying_users', 'bigint'],
            },
            'key_columns': [],
            'measures': ['purchases', 'sales_usd', 'proceeds_usd', 'paying_users_summed_over_dimensions'],
        },
        'opt_in': {
            'name': 'app_opt_in',
            'date_column': 'date',
            'columns': {
                'downloading_users': ['downloading_users', 'bigint'],
                'users_opting_in': ['users_opting_in', 'bigint'],
            },
            'key_columns': [],
            'measures': ['downloading_users', 'users_opting_in'],
        },
        'subscription_events': {
            'name': 'app_store_subscription_event_report_standard',
            'date_column': 'event_date',
            'columns': {
                'event_group': ['event_group', 'text'],
                'counts': ['counts', 'bigint'],
            },
            'key_columns': ['event_group'],
            'measures': ['offer_starts', 'paid_starts', 'paid_from_offers', 'renewals', 'billing_issues', 'voluntary_churns', 'involuntary_churns', 'other_subscription_events'],
        },
    }) }}
{% endmacro %}
