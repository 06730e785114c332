"""Rows of files, one at a time and each with its place: data sets and recorded answers are read by the same readers."""
