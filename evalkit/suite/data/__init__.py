"""Rows of files and hubs as samples: read, split, limited, checked."""
