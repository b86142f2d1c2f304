{{ at_full_grain('platform_installs') }}
