"""The labels that a fine-tune could learn from, the prompts that were tried, and the models that were not measured."""

from __future__ import annotations

from evalkit.records.evidence import LabelFacts, Ladder, Rules
from evalkit.records.memo import Memo
from evalkit.records.run import UnmeasuredCost
from evalkit.report.memo.blocks import Block, Cell, Section, Table, Text, absent
from evalkit.wording.labels import conflict_lines
from evalkit.wording.numbers import count, difference, interval, money, money_range, percent, points, span_of
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
    rows = tuple(
        (name, Cell(f"{n:,}", "too few" if n < rules.min_per_class else "", "bad" if n < rules.min_per_class else ""))
        for name, n in ordered[:_FEWEST]
    )
    short = sum(n < rules.min_per_class for n in labels.per_class.values())
    note = f"At least {rules.min_per_class:,} are wanted of each; {count(short, 'class falls', 'classes fall')} short."
    if len(ordered) > _FEWEST:
        note += f" The {_FEWEST} smallest of {len(ordered):,} classes are listed."
    return Table("Usable rows by class, fewest first", ("class", "rows"), rows, frozenset({1}), note)


def prompts_section(memo: Memo) -> Section:
    """The rungs of each ladder on dev."""
    title, short = "Prompts tried on dev", "Prompts"
    ladders = [ladder for ladder in memo.facts.ladders if ladder.rungs]
    if not ladders:
        why = "Only one prompt was measured, so nothing is known of what a better prompt would bring."
        return Section("prompts", title, short, absent(why))
    return Section("prompts", title, short, tuple(_rungs(ladder) for ladder in ladders))


def _rungs(ladder: Ladder) -> Table:
    rows = []
    for rung in ladder.rungs:
        name = rung.prompt if rung.distinct else Cell(rung.prompt, "differs in white space only", "muted")
        gain, upper = difference(rung.gain), points(rung.upper, signed=True)
        rows.append((name, f"{rung.accuracy.n:,}", interval(rung.accuracy), gain, upper))
    note = "Gain: paired difference to the best prompt before it on the same rows, with its 95 % interval, in points."
    columns = ("prompt", "n", "accuracy on dev", "gain, points", "at most (95 %)")
    return Table(f"Ladder of {ladder.model}", columns, tuple(rows), frozenset({1, 2, 3, 4}), note)


def unmeasured_section(memo: Memo) -> Section:
    """Models that were not measured, with what dated prices say of them."""
    title, short = "Not measured", "Not measured"
    costs = memo.result.unmeasured
    if not costs:
        return Section("unmeasured", title, short, absent("No hosted model of the suite was left unmeasured."))
    rows = tuple(_cost(c) for c in costs)
    columns = ("model", "why not", "$ per 1,000 calls", "$ a month", "cache read", "measuring it costs")
    note = "Estimates throughout: rendered tokens × dated list prices. Nothing is known of their accuracy."
    table = Table("Bounds from prices", columns, rows, frozenset({2, 3, 4, 5}), note)
    texts = tuple(c.text for c in costs if c.text)
    return Section("unmeasured", title, short, (table, *((Text(texts),) if texts else ())))


def _cost(c: UnmeasuredCost) -> tuple[Cell | str, ...]:
    thousand = _ends(c.per_1000_calls, c.per_1000_calls_low, c.per_1000_calls_high)
    month = _ends(c.per_month, c.per_month_low, c.per_month_high)
    run = _ends(c.run_cost, c.run_cost_low, c.run_cost_high)
    model = Cell(c.model, c.provider_model)
    return (model, c.reason, thousand, month, percent(c.cache_read_share), run)


def _ends(likely: float | None, low: float | None, high: float | None) -> str:
    """Both ends of a cost; runs that were written before have the likely cost only."""
    return money(likely) if low is None or high is None else money_range(low, high)
