{{ at_full_grain('downloads') }}
