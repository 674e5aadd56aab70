"""Kinds of device that a simulated machine can have, one file a kind. Data, not control flow."""
