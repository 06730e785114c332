"""What changed between runs: paired comparison of contenders, nights and baselines."""
