{{ at_full_grain('purchases') }}
