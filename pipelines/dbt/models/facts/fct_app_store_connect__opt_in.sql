{{ at_full_grain('opt_in') }}
