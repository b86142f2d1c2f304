{{ daily('app_download_date') }}
