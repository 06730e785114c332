"""Asking from several machines by Ray."""
