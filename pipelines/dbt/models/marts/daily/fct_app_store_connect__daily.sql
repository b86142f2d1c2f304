{{ daily() }}
