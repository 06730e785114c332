"""`openai/…`: chat completions."""
