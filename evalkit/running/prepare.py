"""What `run` and `plan` share: the suite opened, the contenders made, all checked before money is spent."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from evalkit.errors import PriceError, SuiteError, SuiteMistake
from evalkit.models.access import check_access
from evalkit.models.prices import PriceList
from evalkit.running.examples import check_examples
from evalkit.running.targets import check_targets
from evalkit.suite.config.suite import Suite
from evalkit.suite.file.load import load_suite
from evalkit.suite.file.located import located
from evalkit.suite.open import OpenSuite, open_suite
from evalkit.suite.prompts.contenders import Contender, contenders


@dataclass(frozen=True, slots=True)
class Prepared:
    """An opened suite, its contenders (all prompts), and the prices in force."""

    path: Path
    suite: OpenSuite
    contenders: tuple[Contender, ...]
    prices: PriceList

    @property
    def config(self) -> Suite:
        """The suite as it was declared."""
        return self.suite.config

    @property
    def located(self) -> AbstractContextManager[None]:
        """Within it, a SuiteMistake becomes a SuiteError with its place in the suite's file."""
        return located(self.suite.loaded.source, self.suite.loaded.prompt_texts)


def prepare(path: Path, models: tuple[str, ...] = ()) -> Prepared:
    """Load and check a suite; `models` restricts it to some of its models. Raises SuiteError."""
    loaded = load_suite(path)
    with located(loaded.source, loaded.prompt_texts):
        known = tuple(loaded.suite.models)
        for name in models:
            if name not in known:
                problem = f"no model {name!r} in this suite"
                raise SuiteMistake(("models",), problem, f"one of {', '.join(known)}", near=(name, known))
        suite = open_suite(loaded)
        chosen = tuple(c for c in contenders(suite) if not models or c.spec.name in models)
        check_examples(chosen)
        suite = replace(suite, warnings=(*suite.warnings, *check_targets(suite, chosen)))
    try:
        prices = PriceList.load()
    except PriceError as error:
        raise SuiteError(str(error)) from error
    return Prepared(path, suite, chosen, prices)


def check_variables(chosen: Iterable[Contender]) -> None:
    """Look at what the environment says about the way to each model. Raises WrongVariable, before money is spent."""
    for spec in {contender.spec.name: contender.spec for contender in chosen if contender.skipped is None}.values():
        check_access(spec)
