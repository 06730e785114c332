"""Other people's real servers: asked by `scripts/test --third-party`, else skipped."""
