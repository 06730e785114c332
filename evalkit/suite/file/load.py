"""Read a suite file: YAML, variables, declaration, files; every mistake is one SuiteError with its place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from evalkit.suite.file.loaded import LoadedSuite
from evalkit.suite.file.located import located
from evalkit.suite.file.references import suite_files
from evalkit.suite.file.validate import validated
from evalkit.suite.file.yaml_source import YamlSource


def load_suite(path: Path | str, env: Mapping[str, str] | None = None) -> LoadedSuite:
    """Read and check a suite file. `env` stands for the environment (default: os.environ).

    A model whose variables are not set is loaded all the same, with their names in `missing_env`.
    Raises SuiteError: the first problem in the order of the file, `more` counting the others.
    """
    source = YamlSource.read(Path(path))
    with located(source):
        suite = validated(source, os.environ if env is None else env)
        return LoadedSuite(suite, source, suite_files(suite, source.path.absolute().parent))
