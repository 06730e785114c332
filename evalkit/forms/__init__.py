"""What an answer must look like: a file per form, `table.py` with a line for each, `parsing/` for what they share."""
