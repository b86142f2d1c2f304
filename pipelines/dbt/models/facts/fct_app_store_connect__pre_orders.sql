{{ at_full_grain('pre_orders') }}
