{{ by_period('MONTHLY') }}
