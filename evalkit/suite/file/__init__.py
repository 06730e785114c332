"""The suite's file: YAML with positions, variables, references, and errors with file, line and column."""
