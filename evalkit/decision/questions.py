"""Questions 2 and 3 of a build: the labels, and the money. Each an Answer with its reason and its numbers."""

from __future__ import annotations

from evalkit.decision.ground import THUMB, Ground
from evalkit.decision.likely import PAYS_BACK, by_probability, chance
from evalkit.decision.reach import reach
from evalkit.records.evidence import Facts, LabelFacts
from evalkit.records.verdict import Answer
from evalkit.wording.labels import may_be_wrong
from evalkit.wording.names import what_is_missing
from evalkit.wording.numbers import calls, money, months


def question2(ground: Ground) -> Answer:
    """Are there enough labelled examples of correct output?"""
    labels, rules = ground.facts.labels, ground.facts.rules
    if labels is None:
        return Answer(2, "undecided", "The suite has no train split, so the labelled examples are not counted.")
    error = ground.facts.label_error_share
    counted = labels.usable * (1 - error.high) if error else float(labels.usable)
    evidence_ = _label_evidence(labels, counted, error is not None)
    most = labels.usable * (1 - error.low) if error else float(labels.usable)
    if counted < rules.min_labels <= most:
        why = (
            f"{int(counted):,} to {int(most):,} usable labelled examples, by the declared share of wrong labels: "
            f"whether they are {rules.min_labels:,} is not known."
        )
        return Answer(2, "undecided", why, evidence_)
    if counted < rules.min_labels:
        # With wrong labels among them both numbers are said: the rows that are there, and what they count as.
        wrong = f", counted as {int(counted):,} since {may_be_wrong(error)}," if error and error.high else ""
        why = f"{labels.usable:,} usable labelled examples{wrong} are fewer than the {rules.min_labels:,} needed."
        return Answer(2, "against", why, evidence_)
    rare = labels.rare(rules.min_per_class)
    if rare:
        name, n = next(iter(rare.items()))
        more = f" and {len(rare) - 1} more classes have" if len(rare) > 1 else " has"
        why = f"{name[:60]!r} ({n}){more} fewer than the {rules.min_per_class} examples that each class needs."
        return Answer(2, "against", why, evidence_)
    if error is None and "labels" not in ground.facts.vouched:
        return Answer(
            2, "undecided", f"{int(counted):,} labelled examples, but their correctness is unverified.", evidence_
        )
    stood = "" if error else ", for whose correctness the user stands"
    return Answer(
        2, "for", f"{int(counted):,} usable labelled examples{stood}: at least {rules.min_labels:,}.", evidence_
    )


def question3(ground: Ground) -> Answer:
    """Does the volume pay the build back within the horizon?"""
    economics, expected = ground.economics, reach(ground)
    payback, horizon = economics.payback, _horizon(ground.facts)
    if expected.state == "against":
        return Answer(3, "against", f"{_capital(expected.why)}.", _worth(economics.needed_value))
    if payback is None:
        missing = what_is_missing(economics.missing)
        why = f"It cannot be computed without {missing}." if missing else "No economics are declared."
        return Answer(3, "undecided", why, _worth(economics.needed_value))
    state, why = by_probability(
        ground,
        payback,
        PAYS_BACK,
        f"It pays back within {horizon} months with a probability of {chance(payback.p_pays_back, payback)} "
        f"(median {months(payback.months.median)}), against {payback.rival} ({payback.option})",
    )
    details = [f"80 % interval of the net months: {months(payback.months.low)} to {months(payback.months.high)}."]
    saving = payback.saving_per_call
    details.append(f"Saving per call: {money(saving.low)} to {money(saving.high)} before fixed costs.")
    if payback.gross_calls is not None:
        gross = payback.gross_calls
        details.append(f"Gross break-even: {calls(gross.low)} to {calls(gross.high)} calls in all.")
    if ground.facts.economics is not None and ground.facts.economics.operations_per_month is None:
        details.append("Not counted: people who keep it running (`economics.operations_per_month`).")
    details.append(THUMB)
    if payback.swings:
        details.append(f"What matters most: {payback.swings[0].name.replace('_', ' ')}.")
    if state == "for" and expected.state == "undecided":
        state, why = "undecided", f"{why.rstrip('.')}; but {expected.why}."
    elif expected.state == "for" and state == "for":
        details.insert(0, f"{_capital(expected.why)}.")
    return Answer(3, state, why, (*details, *_worth(economics.needed_value)))


def _horizon(facts: Facts) -> int:
    return facts.economics.horizon_months if facts.economics else 12


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _worth(value: float | None) -> tuple[str, ...]:
    return () if value is None else (f"It pays if a correct answer is worth at least {money(value)}.",)


def _label_evidence(labels: LabelFacts, counted: float, known: bool) -> tuple[str, ...]:
    lines = [
        f"{labels.rows:,} rows of train less {labels.exact:,} exact and {labels.near:,} near duplicates and "
        f"{labels.in_test:,} that are in test: {labels.usable:,}."
    ]
    if known:
        lines.append(f"Less the most wrong labels that the declared share allows: {int(counted):,}.")
    if labels.near_method:
        lines.append(f"Near duplicates: {labels.near_method}.")
    if labels.near_skipped:
        lines.append(f"Near duplicates were not looked for: {labels.near_skipped}.")
    if labels.per_class:
        name, n = min(labels.per_class.items(), key=lambda item: item[1])
        lines.append(f"{len(labels.per_class)} classes, the rarest {name[:60]!r} with {n:,}.")
    return tuple(lines)
