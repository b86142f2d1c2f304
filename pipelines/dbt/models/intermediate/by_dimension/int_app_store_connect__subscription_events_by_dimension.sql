{{ by_dimension('subscription_events') }}
