"""`evalkit sweep`: the highest rate at which an endpoint keeps its need."""
