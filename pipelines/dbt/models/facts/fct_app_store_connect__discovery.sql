{{ at_full_grain('discovery') }}
