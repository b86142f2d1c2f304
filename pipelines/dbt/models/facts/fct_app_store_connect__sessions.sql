{{ at_full_grain('sessions') }}
