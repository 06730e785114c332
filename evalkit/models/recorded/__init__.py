"""`recorded`: answers that were collected elsewhere."""
