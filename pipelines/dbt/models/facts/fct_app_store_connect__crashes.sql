{{ at_full_grain('crashes') }}
