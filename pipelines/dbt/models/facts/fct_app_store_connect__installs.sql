{{ at_full_grain('installs') }}
