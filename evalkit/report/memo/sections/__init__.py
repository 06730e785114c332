"""The memo's sections, each made from records into blocks."""
