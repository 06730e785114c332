"""What `run` and `plan` share: the suite opened, the contenders made, all checked before money is spent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from evalkit.errors import PriceError, SuiteError
from evalkit.models.prices import PriceList
from evalkit.records.completion import Completion, Timing
from evalkit.records.sample import Target
from evalkit.records.score import Status
from evalkit.scoring.scorer import Scorer
from evalkit.suite.config.suite import Suite
from evalkit.suite.file.load import load_suite
from evalkit.suite.open import OpenSuite, open_suite
from evalkit.suite.prompts.contenders import Contender, contenders
from evalkit.wording.quote import nearest


@dataclass(frozen=True, slots=True)
class Prepared:
    """An opened suite, its contenders (all prompts), and the prices in force."""

    path: Path
    suite: OpenSuite
    contenders: tuple[Contender, ...]
    prices: PriceList

    @property
    def config(self) -> Suite:
        """What the suite's file says."""
        return self.suite.config

    @property
    def command(self) -> str:
        """The command that runs this suite."""
        return f"python -m evalkit run {self.path}"


def prepare(path: Path, models: tuple[str, ...] = ()) -> Prepared:
    """Load and check a suite; `models` restricts it to some of its models. Raises SuiteError."""
    loaded = load_suite(path)
    known = list(loaded.suite.models)
    for name in models:
        if name not in known:
            hint = nearest(name, known)
            raise loaded.fail(("models",), f"no model {name!r} in this suite", f"one of {', '.join(known)}", hint)
    suite = open_suite(loaded)
    chosen = tuple(c for c in contenders(suite) if not models or c.spec.name in models)
    check_examples(suite, chosen)
    try:
        prices = PriceList.load()
    except PriceError as error:
        raise SuiteError(str(error)) from error
    return Prepared(path, suite, chosen, prices)


def check_examples(suite: OpenSuite, chosen: tuple[Contender, ...]) -> None:
    """The examples must have the exact form that is scored, or they teach the wrong one."""
    seen: set[str] = set()
    for contender in chosen:
        if contender.prefix.digest in seen or not contender.prefix.examples:
            continue
        seen.add(contender.prefix.digest)
        scorer = _scorer(suite, contender)
        for turn in contender.prefix.examples:
            target: Target = {} if contender.output.task_facts.object_target else turn.assistant
            score = scorer.score(Completion(turn.assistant, "end", Timing(0.0)), target)
            if score.status is not Status.OK:
                found = f"{turn.assistant[:60]!r} lacks the form {contender.output.form} ({score.note})"
                raise suite.loaded.fail(
                    ("prompts", contender.prompt, "examples"),
                    f"no example can be made: {found}",
                    "no examples here, or worked answers written into the system part",
                )


def _scorer(suite: OpenSuite, contender: Contender) -> Scorer:
    try:
        return Scorer(contender.output)
    except ValueError as error:
        raise suite.loaded.fail(("output",), str(error)) from error
