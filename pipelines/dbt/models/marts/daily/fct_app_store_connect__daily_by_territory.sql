{{ daily('territory') }}
