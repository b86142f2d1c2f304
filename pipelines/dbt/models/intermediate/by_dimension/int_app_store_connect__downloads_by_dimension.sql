{{ by_dimension('downloads') }}
