{{ by_period('MONTHLY', {
    'discovery': {
        'view': 'app_store_discovery_and_engagement_standard_monthly',
        'date_column': 'date',
        'columns': {
            'event': ['event', 'text'],
            'page_type': ['page_type', 'text'],
            'counts': ['counts', 'bigint'],
            'unique_counts': ['unique_counts', 'bigint'],
        },
        'keys': ['event', 'page_type'],
        'measures': ['impressions', 'page_views', 'other_page_views', 'taps', 'impression_uniques_summed_over_dimensions', 'page_view_uniques_summed_over_dimensions'],
    },
    'downloads': {
        'view': 'app_downloads_standard_monthly',
        'date_column': 'date',
        'columns': {
            'download_type': ['download_type', 'text'],
            'counts': ['counts', 'bigint'],
        },
        'keys': ['download_type'],
        'measures': ['first_time_downloads', 'redownloads', 'updates', 'other_downloads'],
    },
    'installs': {
        'view': 'app_store_installation_and_deletion_standard_monthly',
        'date_column': 'date',
        'columns': {
            'event': ['event', 'text'],
            'download_type': ['download_type', 'text'],
            'counts': ['counts', 'bigint'],
        },
        'keys': ['event', 'download_type'],
        'measures': ['first_time_installs', 'reinstalls', 'installed_updates', 'other_installs', 'deletions'],
    },
    'sessions': {
        'view': 'app_sessions_standard_monthly',
        'date_column': 'date',
        'columns': {
            'sessions': ['sessions', 'bigint'],
            'total_session_duration': ['session_seconds', 'bigint'],
            'unique_devices': ['unique_devices', 'bigint'],
        },
        'keys': [],
        'measures': ['sessions', 'session_seconds', 'session_devices_summed_over_dimensions'],
    },
    'crashes': {
        'view': 'app_crashes_monthly',
        'date_column': 'date',
        'columns': {
            'crashes': ['crashes', 'bigint'],
            'unique_devices': ['unique_devices', 'bigint'],
        },
        'keys': [],
        'measures': ['crashes', 'crash_devices_summed_over_dimensions'],
    },
    'purchases': {
        'view': 'app_store_purchases_standard_monthly',
        'date_column': 'date',
        'columns': {
            'purchases': ['purchases', 'bigint'],
            'proceeds_in_usd': ['proceeds_usd', 'decimal(38, 9)'],
            'sales_in_usd': ['sales_usd', 'decimal(38, 9)'],
            'paying_users': ['paying_users', 'bigint'],
        },
        'keys': [],
        'measures': ['purchases', 'sales_usd', 'proceeds_usd', 'paying_users_summed_over_dimensions'],
    },
    'opt_in': {
        'view': 'app_opt_in_monthly',
        'date_column': 'date',
        'columns': {
            'downloading_users': ['downloading_users', 'bigint'],
            'users_opting_in': ['users_opting_in', 'bigint'],
        },
        'keys': [],
        'measures': ['downloading_users', 'users_opting_in'],
    },
    'subscription_events': {
        'view': 'app_store_subscription_event_report_standard_monthly',
        'date_column': 'event_date',
        'columns': {
            'event_group': ['event_group', 'text'],
            'counts': ['counts', 'bigint'],
        },
        'keys': ['event_group'],
        'measures': ['offer_starts', 'paid_starts', 'paid_from_offers', 'renewals', 'billing_issues', 'voluntary_churns', 'involuntary_churns', 'other_subscription_events'],
    },
}) }}
