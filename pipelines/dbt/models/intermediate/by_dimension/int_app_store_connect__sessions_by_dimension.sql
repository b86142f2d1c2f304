{{ by_dimension('sessions') }}
