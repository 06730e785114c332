"""One set of builders for all tests: results, needs, facts, verdicts, memos, sides, baselines and suites."""
