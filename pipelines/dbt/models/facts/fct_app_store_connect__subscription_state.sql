{{ at_full_grain('subscription_state') }}
