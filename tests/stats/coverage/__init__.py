"""Worlds in which the true figure is known, for the coverage of what `evalkit.stats` shows and decides."""
