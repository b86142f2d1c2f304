{{ daily('device') }}
