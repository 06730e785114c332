"""The scoping conversation: what a run and a suite leave open, answered, decided and written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from evalkit.decision.unmeasured import Unmeasured, unmeasured_cost
from evalkit.errors import RunError, SuiteError
from evalkit.records.economics import Economics, Span
from evalkit.records.evidence import Facts, Vouch
from evalkit.records.run import RunResult
from evalkit.running.economics import economics_of, read_span, with_answers
from evalkit.running.estimates import unmeasured, volume_of
from evalkit.running.evidence import Gathered, declared, facts_of
from evalkit.running.figures import skipped_result
from evalkit.running.kept_ladders import with_ladders
from evalkit.running.prepare import prepare
from evalkit.running.settings import RunSettings
from evalkit.store.read import StoredRun
from evalkit.store.runs import newest_run
from evalkit.suite.file.load import load_suite
from evalkit.workflows.reopen import decided, open_run

__all__ = ["QUESTIONS", "Question", "Scope", "answered", "open_scope", "read_span", "save_answers"]


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that the suite may not say. `field` is its key under `economics:`; `default` is None where no figure
    can be assumed, and `reason` says where the default comes from."""

    field: str
    text: str
    default: Span | None
    reason: str


QUESTIONS: tuple[Question, ...] = (
    Question("calls_per_month", "Calls a month", Span(1e6, 1e6), "a round figure; the memo's curve shows all volumes"),
    Question("build_cost", "Building the fine-tune once, in $", Span(15_000, 60_000), "the field's rule of thumb"),
    Question("horizon_months", "Months within which it must pay back", Span(12, 12), "a budget year"),
    Question("hosting_per_month", "Fixed hosting of the fine-tune a month, in $", Span(200, 2_000), "rule of thumb"),
    Question(
        "tuned_cost_per_1000_calls",
        "Running cost of the fine-tune per 1,000 calls, in $",
        Span(0.05, 0.20),
        "a small model on shared machines; measure an endpoint to replace it",
    ),
    Question(
        "operations_per_month",
        "People who keep the fine-tune running a month, in $",
        None,
        "retraining, on call, monitoring; without it they are not counted",
    ),
    Question(
        "tuned_accuracy",
        "Accuracy that the fine-tune is expected to reach",
        None,
        "only you can say; without it nothing says that a fine-tune meets the needs",
    ),
    Question(
        "value_of_a_correct_answer",
        "What one more correct answer is worth, in $",
        None,
        "only you can say; without it the memo says from which value on it pays",
    ),
)


@dataclass(frozen=True, slots=True)
class Scope:
    """A run (or a suite that was not run yet) with its facts. `suite` is the file, where answers can be saved.

    `estimates` are what is known of the models of a suite that was not run, so that answers change their costs.
    """

    result: RunResult
    facts: Facts
    suite: Path
    estimates: tuple[Unmeasured, ...] = ()

    @property
    def open_questions(self) -> tuple[Question, ...]:
        """What is not declared, in the order of asking. Values are asked for where the saving alone does not count."""
        declared = self.facts.economics or Economics()
        found = []
        for question in QUESTIONS:
            if question.field == "horizon_months":
                is_open = self.facts.economics is None
            else:
                is_open = getattr(declared, question.field) is None
            if is_open and not self._needless(question.field, declared):
                found.append(question)
        return tuple(found)

    def _needless(self, field: str, declared: Economics) -> bool:
        measured = any(c.role == "fine_tuned" and c.skipped is None for c in self.result.contenders)
        if field == "tuned_cost_per_1000_calls":
            return measured or declared.gpu is not None
        if field == "hosting_per_month":
            return declared.gpu is not None
        if field == "tuned_accuracy":
            return measured
        if field == "value_of_a_correct_answer":
            return self.facts.case == "volume" or declared.value_of_meeting_need_per_month is not None
        return field == "build_cost" and measured


def open_scope(where: Path, runs: Path = Path("runs")) -> Scope:
    """The scope of a run's folder, of a suite's newest run, or of a suite that was not run yet.

    What the suite file declares now goes before what it declared when it was run. Raises SuiteError or RunError.
    """
    if where.is_dir():
        stored, result = open_run(where)
        if result.facts is None:
            raise RunError(f"{stored.folder}: written by an older evalkit; run the suite again (answers are kept)")
        return Scope(result, _with_ladders(stored, result, result.facts), Path(result.facts.suite))
    loaded = load_suite(where)
    newest = newest_run(runs / loaded.suite.name)
    if newest is None:
        return _unmeasured(where)
    stored, result = open_run(newest)
    if result.facts is None:
        return _unmeasured(where)
    facts = _with_ladders(stored, result, result.facts)
    return Scope(result, replace(facts, suite=str(where), **declared(loaded.suite, result)), where)


def answered(
    scope: Scope,
    answers: Mapping[str, Span],
    vouched: tuple[Vouch, ...] = (),
    assumed: tuple[str, ...] = (),
    can_wait: bool | None = None,
) -> RunResult:
    """The run decided with these answers. Raises ValueError for an answer that cannot be.

    `can_wait` None leaves what the suite says.
    """
    facts = scope.facts
    if can_wait is not None:
        facts = replace(facts, economics=replace(facts.economics or Economics(), can_wait=can_wait))
    if answers:
        facts = replace(facts, economics=with_answers(facts.economics, answers))
    stood = tuple(dict.fromkeys((*facts.vouched, *vouched)))
    result = scope.result
    if scope.estimates:
        volume = volume_of(facts.economics)
        result = replace(result, unmeasured=tuple(unmeasured_cost(each, volume) for each in scope.estimates))
    return decided(result, replace(facts, vouched=stood, assumed=(*facts.assumed, *assumed)))


def _with_ladders(stored: StoredRun, result: RunResult, facts: Facts) -> Facts:
    """The facts with what a ladder that was climbed since has shown."""
    return with_ladders(facts, result, stored.about.marks, stored.folder.parent)


def _unmeasured(path: Path) -> Scope:
    """A suite before its first run: no figures, but what the models would cost."""
    prepared = prepare(path)
    suite, reason = prepared.config, "not run yet"
    contenders = tuple(skipped_result(c, "test", c.skipped or reason) for c in prepared.contenders)
    estimates = tuple(each for each, _ in unmeasured(prepared, contenders))
    result = RunResult(
        suite=suite.name,
        run=str(path),
        complete=True,
        contenders=contenders,
        requirements=(),
        unmeasured=tuple(unmeasured_cost(each, volume_of(economics_of(suite.economics))) for each in estimates),
    )
    facts = facts_of(Gathered(prepared, (), RunSettings(path).command), result)
    return Scope(result, facts, path, estimates)


def save_answers(suite: Path, answers: Mapping[str, Span], can_wait: bool | None = None) -> None:
    """Write answers under `economics:` of the suite file, comments and order kept; the old file is replaced at once.

    Raises SuiteError where the file cannot be written, or would not load afterwards: then it is left as it was.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedSeq

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    partial = suite.with_name(f".{suite.name}.partial")
    try:
        data = yaml.load(suite.read_text(encoding="utf-8"))
        economics = data.setdefault("economics", {})
        for name, span in answers.items():
            value = [_plain(span.low), _plain(span.high)]
            economics[name] = value[0]
            if not span.fixed:
                economics[name] = CommentedSeq(value)
                economics[name].fa.set_flow_style()
        if can_wait is not None:
            economics["can_wait"] = can_wait
        with partial.open("w", encoding="utf-8") as stream:
            yaml.dump(data, stream)
        load_suite(partial)
        partial.replace(suite)
    except OSError as error:
        raise SuiteError(f"{suite}: cannot be written: {error.strerror}") from error
    finally:
        partial.unlink(missing_ok=True)


def _plain(number: float) -> int | float:
    return int(number) if float(number).is_integer() else number
