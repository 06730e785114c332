"""`classifier/…`: a reference trained on train."""
