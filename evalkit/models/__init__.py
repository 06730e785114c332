"""Request → Completion: one file per API, prices as dated data."""
