{{ by_dimension('subscription_state') }}
