"""The decision over a whole run."""
