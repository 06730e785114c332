"""From figures to an answer. Pure functions on records, no I/O."""
