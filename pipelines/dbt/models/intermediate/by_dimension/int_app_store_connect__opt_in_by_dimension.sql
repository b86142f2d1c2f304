{{ by_dimension('opt_in') }}
