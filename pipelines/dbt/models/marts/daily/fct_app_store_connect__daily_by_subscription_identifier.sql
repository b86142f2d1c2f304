{{ daily('subscription_identifier') }}
