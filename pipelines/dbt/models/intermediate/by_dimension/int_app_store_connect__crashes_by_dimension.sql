{{ by_dimension('crashes') }}
