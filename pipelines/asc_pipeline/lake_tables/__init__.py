"""The safe tables of a lake: the rows that the views show, as files that every engine reads."""
