"""Machines behind the one seam."""
