"""The labelled examples that a fine-tune could learn from."""

from __future__ import annotations

from evalkit.records.evidence import LabelFacts, Rules
from evalkit.records.memo import Memo
from evalkit.report.memo.blocks import Block, Cell, Section, Table, Text, absent
from evalkit.wording.labels import conflict_lines
from evalkit.wording.numbers import count, span_of
from evalkit.wording.text import DASH

_FEWEST = 12


def labels_section(memo: Memo) -> Section:
    """Rows of train, what was dropped of them and why, and the classes with fewest."""
    title, short = "Labelled examples", "Labels"
    labels, conflicts = memo.facts.labels, conflict_lines(memo.facts.label_conflicts)
    contradictions = (Text(tuple(conflicts)),) if conflicts else ()
    if labels is None:
        why = "No train split is declared, so there are no labelled examples to count."
        return Section("labels", title, short, (*absent(why), *contradictions))
    rules, error = memo.facts.rules, memo.facts.label_error_share
    blocks: list[Block] = [_counts(labels, rules), *contradictions]
    if error is None:
        words = "No label-error share is declared, so the correctness of the rows is unverified."
    else:
        words = f"Declared share of wrong labels: {span_of(error, 'share')}."
    blocks.append(Text((words,), "muted"))
    if labels.per_class:
        blocks.append(_classes(labels, rules))
    return Section("labels", title, short, blocks)


def _counts(labels: LabelFacts, rules: Rules) -> Table:
    near = f"{labels.near:,}" if labels.near_method else DASH
    how = labels.near_method or labels.near_skipped or "not looked for"
    rows: tuple[tuple[Cell | str, ...], ...] = (
        ("rows of train", f"{labels.rows:,}", "rows of dev that come from train included"),
        ("− exact duplicates", f"{labels.exact:,}", "they teach nothing new"),
        ("− near duplicates", near, how),
        ("− also in test", f"{labels.in_test:,}", "a model may not learn what it is judged on"),
        ("= usable", Cell(f"{labels.usable:,}"), f"wanted: at least {rules.min_labels:,}"),
    )
    return Table("What is left of the rows", ("", "rows", "why"), rows, frozenset({1}))


def _classes(labels: LabelFacts, rules: Rules) -> Table:
    ordered = sorted(labels.per_class.items(), key=lambda item: (item[1], item[0]))
    rare = labels.rare(rules.min_per_class)
    rows = tuple(
        (name, Cell(f"{n:,}", "too few", "bad") if name in rare else f"{n:,}") for name, n in ordered[:_FEWEST]
    )
    short = count(len(rare), "class falls", "classes fall")
    note = f"At least {rules.min_per_class:,} are wanted of each; {short} short."
    if len(ordered) > _FEWEST:
        note += f" The {_FEWEST} smallest of {len(ordered):,} classes are listed."
    return Table("Usable rows by class, fewest first", ("class", "rows"), rows, frozenset({1}), note)
