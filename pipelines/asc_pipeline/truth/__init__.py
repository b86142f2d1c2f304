"""Which rows count: the views at the destination, and the repair of its tables."""
