"""Bugs that are planted into the simulated kernel, one small function each."""
