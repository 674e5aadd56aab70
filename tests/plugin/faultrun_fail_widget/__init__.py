"""Fault injection for a driver that only this distribution knows."""
