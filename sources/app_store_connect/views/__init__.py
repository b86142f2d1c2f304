"""Which rows count: the views at the destination, and the comments on its tables."""
