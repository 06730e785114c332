"""Templates, prefixes and contenders: from a sample to a request."""
