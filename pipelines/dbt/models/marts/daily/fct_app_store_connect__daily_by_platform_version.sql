{{ daily('platform_version') }}
