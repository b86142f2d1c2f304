{{ by_period('WEEKLY') }}
