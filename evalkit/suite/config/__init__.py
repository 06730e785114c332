"""The declaration: one frozen pydantic model per part of the suite file."""
