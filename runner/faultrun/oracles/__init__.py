"""Judges of one expectation each: pure functions of the evidence."""
