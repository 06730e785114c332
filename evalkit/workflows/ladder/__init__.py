"""`evalkit ladder`: ready-made prompts on dev, and whether they still help."""
