{{ at_full_grain('retention_messaging') }}
