"""A bash of our own: a parsed script is a value, running it is a walk over that value."""
