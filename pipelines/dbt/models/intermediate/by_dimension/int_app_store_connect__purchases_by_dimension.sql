{{ by_dimension('purchases') }}
