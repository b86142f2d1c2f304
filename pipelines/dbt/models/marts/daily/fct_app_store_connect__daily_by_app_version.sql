{{ daily('app_version') }}
