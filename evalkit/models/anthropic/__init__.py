"""`anthropic/…`: the Messages API."""
