{{ by_dimension('discovery') }}
