"""From what was seen to what is written: task, form, examples, and names that a template can use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from evalkit.errors import SuiteMistake
from evalkit.records.task import Task
from evalkit.suite.prompts.template import GIVEN, Template
from evalkit.workflows.init.roles import code
from evalkit.workflows.init.schema import list_schema, object_schema
from evalkit.workflows.init.survey import Survey

_SHORT_ANSWER = 80
_EXAMPLES: dict[Task, int] = {"classify": 24, "extract": 8, "answer": 8, "write": 4}
_MOST_EXAMPLES = 100
_FEWEST_EXAMPLES = 3
_EXAMPLE_CHARS = 24_000  # about 6,000 tokens: enough to be cached, cheap to read
_NOT_DEV = 0.7  # less than the four fifths of train that are not dev, since dev is drawn at random
_SAME = 0.005


@dataclass(frozen=True, slots=True)
class Job:
    """The task, the form of its answers, and both in words."""

    task: Task
    about: str
    target: str | tuple[str, str]
    pattern: str | None = None
    digits: str = ""
    schema: Mapping[str, Any] | None = None


def job_of(survey: Survey, name: str, column: str) -> Job:
    """What is asked for, by what the targets are; `name` is the suite's, `column` the target's in it."""
    facts = survey.facts
    mean = facts.target_chars / max(1, facts.n)
    if survey.kind == "object":
        schema = object_schema(facts.shape, name)
        fields = ", ".join(code(key, 30) for key in list(schema.get("properties", {}))[:8])
        return Job("extract", f"objects with the fields {fields or '(too many)'}", column, schema=schema)
    if survey.kind == "list":
        key = identifier(column)
        schema = list_schema(facts.shape, key, name)
        return Job("extract", f"lists, asked for as the field {code(key)}", (key, column), schema=schema)
    if facts.classes:
        return Job("classify", _balance(facts.classes), column)
    if facts.numeric:
        pattern, digits = _number_pattern(facts.commas, facts.decimals)
        return Job("answer", "numbers", column, pattern, digits)
    if mean <= _SHORT_ANSWER:
        return Job("answer", f"short texts, {mean:,.0f} characters on average", column)
    return Job("write", f"texts of {mean:,.0f} characters on average", column)


def example_count(survey: Survey, job: Job, n_train: int) -> int:
    """Few-shot examples: some of each label, no more than train holds, and not more text than is cheap.

    None for numbers: bare results as examples keep a model from working them out.
    """
    if job.pattern is not None:
        return 0
    facts = survey.facts
    count = min(max(_EXAMPLES[job.task], len(facts.classes)), _MOST_EXAMPLES)
    per_example = max(1, (facts.input_chars + facts.target_chars) // max(1, facts.n))
    affordable = max(_FEWEST_EXAMPLES, _EXAMPLE_CHARS // per_example)
    return min(count, affordable, int(n_train * _NOT_DEV))


def new_names(shown: Iterable[str], target: str, taken: Iterable[str]) -> dict[str, str]:
    """New names for columns that cannot be named: shown ones that no template can use (`Ticket text`,
    `class-1`), and a target without any name."""
    used, renamed = set(taken), dict[str, str]()
    for name in [*(name for name in shown if not _usable(name)), *([] if target else [target])]:
        base = identifier(name)
        options = (base, f"{base}_text", *(f"{base}_{i}" for i in range(2, len(used) + 4)))
        renamed[name] = next(option for option in options if _usable(option) and option not in used)
        used.add(renamed[name])
    return renamed


def identifier(name: str) -> str:
    """A column's name made of ASCII letters, digits and underscores, starting with a letter."""
    base = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")[:40].strip("_")
    return base if base[:1].isalpha() else f"column_{base}" if base else "column"


def label_doubts(classes: Mapping[str, int], threshold: float) -> list[str]:
    """What is odd about the labels: one that wins by being common, spellings of the same, outer spaces."""
    if not classes:
        return []
    doubts: list[str] = []
    commonest = next(iter(classes))
    share = classes[commonest] / sum(classes.values())
    if share >= threshold - _SAME:
        doubts.append(
            f"always answering {code(commonest)} is right in {share:.1%} of the rows: accuracy says little,"
            " set macro_f1 under good_enough"
        )
    padded = [label for label in classes if label != label.strip()]
    if padded:
        doubts.append(f"{code(padded[0])} starts or ends with a space, which models hardly ever write")
    by_fold: dict[str, str] = {}
    for label in classes:
        twin = by_fold.setdefault(" ".join(label.casefold().split()), label)
        if twin != label:
            doubts.append(f"{code(twin)} and {code(label)} count as different labels")
            break
    return doubts


def _balance(classes: Mapping[str, int]) -> str:
    n = sum(classes.values())
    (common, most), *_, (rare, least) = classes.items()
    text = f"{len(classes)} labels"
    if most == least:
        return f"{text}, each in {most:,} rows"
    return f"{text}, from {least / n:.1%} ({code(rare, 30)}) to {most / n:.1%} ({code(common, 30)}) of the rows"


def _number_pattern(commas: bool, decimals: bool) -> tuple[str, str]:
    """The pattern of an answer whose last line is a number like the targets, and that number in words."""
    number = r"-?\d[\d,]*" if commas else r"-?\d+"
    words = "digits, with commas as in 12,500" if commas else "digits only"
    if decimals:
        number += r"(?:\.\d+)?"
        words += ", a point before decimals"
    return rf"^(?:[\s\S]*\n)?(?P<answer>{number})$", words


def _usable(name: str) -> bool:
    """Whether `{{ name }}` gives that column and nothing else."""
    if name in GIVEN:
        return False
    try:
        template = Template.parse(f"{{{{ {name} }}}}")
        return template.variables == {name} and template.render({name: "seen"}) == "seen"
    except SuiteMistake:
        return False
