{{ at_full_grain('app_clips') }}
