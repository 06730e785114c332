"""Reading texts that nobody may trust: JSON, labels, patterns, repair. What several forms share."""
