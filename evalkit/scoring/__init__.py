"""Completion to Score: the form first, then correctness; each text is read twice, strictly and leniently."""
