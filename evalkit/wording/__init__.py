"""Numbers, names and hostile text, as people read them."""
