"""The text of a new suite: short, runnable as it is, commented where a line does not speak for itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from evalkit.records.task import TASKS, Task
from evalkit.suite.file.yaml_scalar import resolve_scalar

SCHEMA_FILE = "suite.schema.json"
ACCURACY = 0.92

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_TRUTHS = frozenset(("y", "yes", "n", "no", "on", "off"))
# What may stand in YAML as it is: printable, in the basic plane or above, and no line break of YAML 1.1.
_STANDS = re.compile("[ -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_COMMENT_COLUMN = 38
_LONGEST_LINE = 118

_SYSTEM: dict[Task, str] = {
    "classify": "Classify the input. Answer with one label only, exactly as it is written here.",
    "extract": "Extract the fields from the input. Answer with one JSON object that fits this JSON Schema,\n"
    "and with nothing else:\n{{ schema | tojson }}",
    "answer": "Answer the question. Give the answer alone, as short as possible, and no sentence around it.",
    "write": "Write the text that the input asks for. Give that text alone.",
}
_NUMBER_SYSTEM = (
    "Answer the question. You may reason first; the last line must be the number alone:\n"
    "{digits}, no unit and no other sign."
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A column that the prompt shows: the name that the template uses, and whether it can be null."""

    name: str
    is_text: bool
    as_json: bool
    gaps: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """All that the text of a suite says. Paths are relative to the suite; `target` may be (field, column)."""

    name: str
    original: str
    task: Task
    test: str
    n_test: int
    train: str | None
    n_train: int
    target: str | tuple[str, str]
    id: str | None
    group: str | None
    leaks: int
    shown: tuple[Shown, ...]
    classes: Mapping[str, int]
    examples: int
    pattern: str | None = None
    digits: str = ""
    schema: str | None = None


def suite_text(draft: Draft) -> str:
    """The YAML of a suite."""
    parts = (_head, _dataset, _prompt, _output, _models, _needs, _economics)
    return "\n".join("".join(f"{line}\n" for line in part(draft)) for part in parts)


def scalar(text: str) -> str:
    """`text` as one YAML scalar that evalkit reads as that very text: plain where safe, else quoted."""
    if _PLAIN.fullmatch(text) and resolve_scalar(text) == text and text.lower() not in _TRUTHS:
        return text
    escaped = "".join(_escaped(c) for c in text.replace("${", "$${"))
    return f'"{escaped}"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if _STANDS.match(character):
        return character
    return f"\\U{ord(character):08x}" if ord(character) > 0xFFFF else f"\\u{ord(character):04x}"


def _comment(text: str, limit: int = 60) -> str:
    """A word of the user's inside a comment: one line, nothing that YAML refuses."""
    return "".join(c if _STANDS.match(c) else "?" for c in text[:limit]) + ("…" if len(text) > limit else "")


def _line(text: str, comment: str = "") -> Iterator[str]:
    """A line with its comment behind it, or above it where the two are too long."""
    if not comment:
        yield text
    elif max(len(text), _COMMENT_COLUMN) + len(comment) + 4 <= _LONGEST_LINE:
        yield f"{text:<{_COMMENT_COLUMN}}  # {comment}"
    else:
        indent = " " * (len(text) - len(text.lstrip()))
        yield f"{indent}# {comment}"
        yield text


def _head(draft: Draft) -> Iterator[str]:
    yield f"# yaml-language-server: $schema={SCHEMA_FILE}"
    yield f"# Guessed by `evalkit init` from {_comment(draft.original)}. Look it over, above all the prompt"
    yield "# and good_enough; `evalkit plan` checks it and spends nothing."
    yield f"name: {scalar(draft.name)}"
    yield from _line(f"task: {draft.task}", " | ".join(TASKS))


def _dataset(draft: Draft) -> Iterator[str]:
    yield "dataset:"
    rows = f"{draft.n_test:,} rows that every model is judged on"
    yield from _line(f"  test: {{path: {scalar(draft.test)}}}", rows)
    if draft.train is not None:
        rows = f"{draft.n_train:,} rows to learn from: examples, trained models"
        yield from _line(f"  train: {{path: {scalar(draft.train)}}}", rows)
    if draft.leaks:
        yield from _line("  leakage: drop", f"train rows that test holds too ({draft.leaks:,}) are not learned from")
    if isinstance(draft.target, tuple):
        field, column = draft.target
        yield from _line(f"  target: {{{scalar(field)}: {scalar(column)}}}", "the right answer")
    else:
        yield from _line(f"  target: {scalar(draft.target)}", "the right answer")
    if draft.id is not None:
        yield f"  id: {scalar(draft.id)}"
    if draft.group is not None:
        yield from _line(f"  group: {scalar(draft.group)}", "rows of one value are alike: intervals allow for it")


def _prompt(draft: Draft) -> Iterator[str]:
    yield "prompt:"
    yield from _line("  system: |", "say here what you would tell a new colleague")
    for line in _system(draft).splitlines():
        yield f"    {line}" if line else ""
    if draft.examples:
        yield from _line(
            f"  examples: {{count: {draft.examples}, pick: stratified, seed: 7}}",
            "from train; sent once and cached",
        )
    elif draft.pattern is not None and draft.train is not None:
        yield from _line("  # examples: {count: 8}", "left out: bare answers would teach a model not to reason")
    if len(draft.shown) == 1 and not draft.shown[0].gaps:
        yield from _line(f'  user: "{_value(draft.shown[0])}"', "every column is a variable")
    else:
        yield from _line("  user: |", "every column is a variable")
        for line in _headed(draft.shown).splitlines():
            yield f"    {line}" if line else ""


def _system(draft: Draft) -> str:
    if draft.pattern is not None:
        return _NUMBER_SYSTEM.format(digits=draft.digits)
    text = _SYSTEM[draft.task]
    if not TASKS[draft.task].classes:
        return text
    joined = any("," in label for label in draft.classes) or max(map(len, draft.classes), default=0) > 30
    return text + ('\nLabels:\n{{ labels | join("\\n") }}' if joined else '\nLabels: {{ labels | join(", ") }}')


def _value(shown: Shown) -> str:
    return f"{{{{ {shown.name} | tojson }}}}" if shown.as_json else f"{{{{ {shown.name} }}}}"


def _headed(shown: tuple[Shown, ...]) -> str:
    """All columns with their names as headings; one that can be null only where it is not."""
    blocks = []
    for column in shown:
        heading = "" if len(shown) == 1 else _heading(column)
        block = f"{heading}{_value(column)}\n"
        if column.gaps:
            test = column.name if column.is_text else f"{column.name} is not none"
            block = f"{{% if {test} %}}\n{block}{{% endif %}}\n"
        blocks.append(block)
    return "\n".join(blocks) if any(c.is_text for c in shown) else "".join(blocks)


def _heading(column: Shown) -> str:
    words = column.name.replace("_", " ").strip() or column.name
    return f"{words[:1].upper()}{words[1:]}:" + ("\n" if column.is_text else " ")


def _output(draft: Draft) -> Iterator[str]:
    yield "output:"
    if draft.schema is not None:
        yield "  form: json"
        yield from _line(f"  schema: {{path: {scalar(draft.schema)}}}", "inferred from the data: look it over")
    elif draft.classes:
        yield from _line("  form: label", "the answer is a label and nothing else")
        yield from _line("  labels: from_data", f"the {len(draft.classes)} labels of the data; or a list")
    elif draft.pattern is not None:
        yield "  form: regex"
        yield from _line(f"  pattern: '{draft.pattern}'", "reasoning, if any, and the number as last line")
    else:
        yield from _line("  form: text", "any text; accuracy asks for the very same text")


def _models(draft: Draft) -> Iterator[str]:
    yield "models:"
    yield from _line("  sonnet: anthropic/claude-sonnet-5-5", "needs ANTHROPIC_API_KEY; skipped without it")
    yield "  haiku: anthropic/claude-haiku-5-5"
    if TASKS[draft.task].classes:
        yield from _line("  small: local/gemma-3-270m", "no key: a small model on this machine, as a floor")
        if draft.train is not None:
            yield from _line("  trained: classifier/tfidf-logreg", "no key: trained on train in seconds")
    yield from _line("  # tuned:", "your fine-tune behind any OpenAI-compatible server")
    yield "  #   model: openai/YOUR_MODEL"
    yield "  #   base_url: ${TUNED_URL}"
    yield "  #   api_key_env: TUNED_API_KEY"
    yield "  #   role: fine_tuned"


def _needs(draft: Draft) -> Iterator[str]:
    yield "good_enough:"
    if not TASKS[draft.task].open_ended:
        about = "change it to what the job needs: the share of right answers"
        common = max(draft.classes.values(), default=0) / max(1, sum(draft.classes.values()))
        if common >= 0.5:
            about += f" (always the commonest label: {common:.2f})"
        yield from _line(f"  accuracy: {ACCURACY}", about)
    yield from _line("  format_validity: 0.95", "answers in the exact form, without repair")
    if TASKS[draft.task].open_ended:
        yield from _line("  # accuracy: 0.5", "asks for the very same words; nothing here judges the sense of a text")
    if draft.classes:
        yield from _line("  # macro_f1: 0.85", "counts rare labels as much as common ones")
    elif draft.schema is not None:
        yield from _line("  # field_f1: 0.95", "accuracy asks for whole objects; this counts single fields")
    yield "  # latency_p95_ms: 2000"
    yield "  # cost_per_1000_calls: 0.40"


def _economics(_: Draft) -> Iterator[str]:
    yield from _line("# economics:", "uncomment with your own figures: they decide whether a fine-tune pays")
    yield "#   calls_per_month: 3_000_000"
    yield from _line("#   build_cost: [15_000, 60_000]", "US dollars; a number or a range")
    yield "#   hosting_per_month: [200, 2_000]"
    yield "#   tuned_cost_per_1000_calls: [0.05, 0.20]"
    yield from _line("#   tuned_accuracy: [0.90, 0.96]", "what you expect of a fine-tune; never assumed")
    yield "#   value_of_a_correct_answer: 0.05"
