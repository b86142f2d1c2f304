{{ by_dimension('installs') }}
