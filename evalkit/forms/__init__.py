"""What an answer must look like: each form with its strict and its lenient reading."""
