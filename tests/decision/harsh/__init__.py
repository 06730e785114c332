"""Worlds that nobody tuned the verdict for: drawn, observed through the product's estimation, and judged by hand."""
