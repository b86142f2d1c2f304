{{ daily('source_type') }}
