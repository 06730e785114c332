"""The frozen records that several rooms share: one noun, one file, no behaviour but arithmetic."""
