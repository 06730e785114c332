"""One run under way: prepared, asked, scored, estimated, decided, written."""
