"""`local/…`: a language model in this process."""
