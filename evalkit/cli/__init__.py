"""The command line: thin, calls workflows only."""
