"""The cheapest next step, as a command that can be pasted."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from evalkit.decision.alternatives import held_back_by
from evalkit.decision.clearing import Doubt
from evalkit.decision.economics import unpriced
from evalkit.decision.gap import evidence, needed_of_content, requirements_of
from evalkit.decision.ground import Ground
from evalkit.decision.headroom import MIN_RUNGS
from evalkit.decision.likely import PAYS_BACK, disputed
from evalkit.decision.project import MEASURED, TUNED_ACCURACY
from evalkit.decision.reach import reach
from evalkit.decision.shortage import shortage
from evalkit.decision.table import Reason
from evalkit.records.run import UnmeasuredCost
from evalkit.records.verdict import Answer
from evalkit.wording.numbers import money, money_range
from evalkit.wording.text import listed

_EVALKIT = "python -m evalkit"
_DECIDED: tuple[Reason, ...] = (
    "prompting_does_it", "does_not_pay", "too_few_labels", "return_to_prompting", "keep_is_worth_it",
)  # fmt: skip


def next_step(ground: Ground, reason: Reason, answers: Sequence[Answer], doubts: Sequence[Doubt]) -> str:
    """One command, with what it brings behind a `#`; a plain sentence before it where the user must act first."""
    facts, run = ground.facts, shlex.quote(ground.result.run)
    if not ground.result.complete:
        return f"{facts.command}   # asks only what is missing"
    if reason == "redirect":
        return (
            f"{_EVALKIT} run {shlex.quote(facts.suite)}   # with the prompt changed; only what changed is asked again"
        )
    if reason in ("too_few_labels", "does_not_pay") and not evidence(ground.result):
        return _open(ground, answers, doubts)
    if reason == "too_few_labels" and answers[0].state == answers[2].state == "for":
        return _buy_labels(ground)
    if reason in _DECIDED:
        return f"{_EVALKIT} baseline accept {run}   # so that a nightly `evalkit check` tells when this changes"
    if reason == "all_for":
        return f"{_EVALKIT} report {run}   # the memo that goes with the request for money"
    if reason == "costs_more_than_worth":
        return f"{_EVALKIT} scope {run}   # takes another value of a correct answer, or other costs"
    return _open(ground, answers, doubts)


def _open(ground: Ground, answers: Sequence[Answer], doubts: Sequence[Doubt]) -> str:
    """What to measure next, the cheapest first."""
    facts = ground.facts
    if any(doubt.kind == "answers" for doubt in doubts):
        return _clear(ground, [doubt for doubt in doubts if doubt.kind in ("answers", "truncation")])
    missing = [b for b in ground.result.unmeasured if b.role == "frontier" and facts.missing_env.get(b.model)]
    if missing and (not evidence(ground.result) or answers[0].state == "undecided"):
        return _with_keys(ground, missing)
    if answers[0].state == "undecided" and not evidence(ground.result):
        return _add_frontier(ground)
    if ground.economics.payback is None and ground.economics.missing:
        return _declare(ground)
    held = held_back_by(ground.alternatives, PAYS_BACK)
    if held is not None and held.free:
        return _missing_cost(ground, unpriced(facts, held.contender))
    if doubts:
        return _clear(ground, doubts)
    if answers[0].state == "undecided":
        return _more_rows(ground)
    if answers[1].state == "undecided":
        return _labels(ground)
    if facts.economics is None or (facts.economics.tuned_accuracy is None and reach(ground).state == "undecided"):
        return f"{_scope(ground)}   # asks for what is missing: economics.{TUNED_ACCURACY}"
    rivals = disputed(ground)
    if rivals is not None:
        return f"Label more test rows, to tell {' from '.join(rivals)}; {_plan(ground)}"
    return _narrow(ground)


def _plan(ground: Ground) -> str:
    return f"{_EVALKIT} plan {shlex.quote(ground.facts.suite)}   # shows what a larger sample can see"


def _scope(ground: Ground) -> str:
    return f"{_EVALKIT} scope {shlex.quote(ground.result.run)}"


def _with_keys(ground: Ground, missing: Sequence[UnmeasuredCost]) -> str:
    names = list(dict.fromkeys(name for b in missing for name in ground.facts.missing_env[b.model]))
    return f"{'; '.join(f'export {name}=…' for name in names)}; {ground.facts.command}{_about(missing)}"


def _about(missing: Sequence[UnmeasuredCost]) -> str:
    """What measuring these models costs, behind a command; nothing where that is unknown of one."""
    low = high = 0.0
    for each in missing:
        if each.run_cost is None:
            return ""
        low += each.run_cost if each.run_cost_low is None else each.run_cost_low
        high += each.run_cost if each.run_cost_high is None else each.run_cost_high
    return f"   # about {money_range(low, high)}"


def _add_frontier(ground: Ground) -> str:
    """A frontier model that the suite lists is asked; only where it lists none is one to be added."""
    listed_ = ground.facts.listed_frontier
    if listed_:
        models = "".join(f" -m {shlex.quote(name)}" for name in listed_)
        return f"{_EVALKIT} run {shlex.quote(ground.facts.suite)}{models}   # a frontier model that the suite lists"
    return f"Add a frontier model under `models:`, such as `haiku: anthropic/claude-haiku-5-5`; {ground.facts.command}"


def _declare(ground: Ground) -> str:
    """What the economics lack: keys of the suite, a price, or the tokens of answers."""
    missing = ground.economics.missing
    keys = [key for key in missing if key.startswith("economics")]
    if keys:
        return f"{_scope(ground)}   # asks for what is missing: {listed(keys)}"
    costs = [key for key in missing if key.startswith(("models.", "tokens of "))]
    return _missing_cost(ground, costs[0]) if costs else _add_frontier(ground)


def _missing_cost(ground: Ground, key: str) -> str:
    """What to add for the cost of a contender: `models.<name>.price`, or `tokens of <id>`."""
    if key.startswith("tokens of "):
        name = key.removeprefix("tokens of ")
        return (
            f"Add the columns `input_tokens` and `output_tokens` to the recorded answers of {name}, so that a call "
            f"has a cost; {ground.facts.command}"
        )
    name = key.removeprefix("models.").removesuffix(".price")
    what = "dollars per million tokens, from the provider's price page"
    return (
        f"Declare price: `{name}: {{…, price: {{input: …, output: …}}}}` under `models:` ({what}); "
        f"{ground.facts.command}   # answers are kept"
    )


_ORDER = ("truncation", "answers", "floor", "ceiling", "format", "prompt", "labels", "rows", "no_rule")


def _clear(ground: Ground, doubts: Sequence[Doubt]) -> str:
    """The command for the doubt that is the cheapest to settle."""
    facts = ground.facts
    doubt = min(doubts, key=lambda d: _ORDER.index(d.kind))
    if doubt.kind == "truncation":
        return f"Raise `output.max_tokens`; {facts.command}   # asks again what was cut off"
    if doubt.kind == "answers":
        report = f"{_EVALKIT} report {shlex.quote(ground.result.run)}"
        return f"Look at the answers first: the prompt, the form or the scoring may be broken; {report}"
    if doubt.kind == "floor":
        if needed_of_content(ground.result) is None:
            return f"Say under `good_enough:` which accuracy is needed; {facts.command}   # answers are kept"
        return f"Label more test rows, to tell whether it does; {_plan(ground)}"
    if doubt.kind == "ceiling":
        return (
            f"Correct the labels of test, or lower `{doubt.metric}` under `good_enough:` to what they allow; "
            f"{facts.command}   # answers are kept"
        )
    if doubt.kind == "rows":
        return f"Label test rows, at least {facts.rules.min_test_rows:,} in all; {_plan(ground)}"
    if doubt.kind == "format":
        provider = next((c.provider_model for c in ground.result.contenders if c.model == doubt.model), "…")
        entry = f"{doubt.model}_native: {{model: {provider}, enforce: native}}"
        return f"Add `{entry}` under `models:`; {facts.command}"
    if doubt.kind == "prompt":
        return _try_prompts(ground, doubt)
    if doubt.kind == "no_rule":
        return f"Leave `{doubt.metric}` out of `good_enough:`, or decide on it by hand; {facts.command}"
    return _labels(ground)


def _try_prompts(ground: Ground, doubt: Doubt) -> str:
    facts = ground.facts
    known = next((each for each in facts.ladders if each.model == doubt.model and len(each.rungs) >= MIN_RUNGS), None)
    if known is not None and known.best:
        show = f"{_EVALKIT} ladder {shlex.quote(facts.suite)} --show {shlex.quote(known.best)}"
        return f"{show}   # a better prompt, to paste under `prompts:`"
    if known is not None:
        return f"Label more rows for dev, or stand for the prompt: {_scope(ground)} --vouch prompt"
    ladder = f"{_EVALKIT} ladder {shlex.quote(facts.suite)} --model {shlex.quote(doubt.model)}"
    return f"{ladder}   # whether better prompts still help"


def _labels(ground: Ground) -> str:
    facts = ground.facts
    if facts.labels is None:
        return f"Name the labelled rows as `dataset.train`; {facts.command}"
    if facts.label_error_share is not None:
        return (
            "Correct wrong labels of test, or read more of them again for a narrower `dataset.label_error_share`; "
            f"{facts.command}   # answers are kept"
        )
    vouch = f"{_scope(ground)} --vouch labels"
    return f"Read 100 labels again and declare `dataset.label_error_share`, or stand for them: {vouch}"


def _buy_labels(ground: Ground) -> str:
    """Only labels are short: what they cost, and what for."""
    facts, payback = ground.facts, ground.economics.payback
    lack = shortage(facts)
    rows = lack.rows if lack else 0
    each = facts.economics.label_cost_each if facts.economics else None
    if each is None:
        cost = "at a price that is not declared (`economics.label_cost_each`)"
    else:
        cost = f"about {money(rows * each.middle)} at {money(each.middle)} each"
    gain = f", against {money(payback.net.median)} over the horizon" if payback else ""
    return f"Label {rows:,} more rows of train, {cost}{gain}; {facts.command}   # answers are kept"


def _more_rows(ground: Ground) -> str:
    """What would decide the first question: more test rows, or a margin where too many would be needed."""
    open_ = [
        r
        for c in evidence(ground.result)
        if ground.meets.get(c.id) is None
        for r in requirements_of(ground.result, c.id)
        if r.state == "undecided"
    ]
    counts = [r.n_to_decide for r in open_ if r.n_to_decide]
    if counts:
        return f"Label test rows, about {min(counts):,} in all; {_plan(ground)}"
    if open_:
        metric = open_[0].need.metric
        return f"Say what is tolerable, `{metric}: {{…, margin: …}}` under `good_enough:`; {ground.facts.command}"
    return f"Label more test rows; {_plan(ground)}"


def _narrow(ground: Ground) -> str:
    """Everything is declared and the ranges are too wide: name the input that matters most."""
    payback = ground.economics.payback
    if payback is None or not payback.swings:
        return _scope(ground)
    name = payback.swings[0].name
    if name.startswith(MEASURED):
        return f"Label more test rows: the {name}, which was measured, matters most; {_plan(ground)}"
    return f"Find out {name.replace('_', ' ')}, which matters most; {_scope(ground)}   # takes the narrower range"
