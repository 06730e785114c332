"""Presents what a run found out; computes nothing."""
