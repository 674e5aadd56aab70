"""Nouns: frozen values and the protocols of the seam. Imports nothing of the rest."""
