"""Facts about a run's data, prompts and answers: evidence for a decision, never the decision. Pure functions."""
