"""The cheapest next step, as a command that can be pasted."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from evalkit.decision.clearing import Doubt
from evalkit.decision.gap import evidence, requirements_of
from evalkit.decision.headroom import MIN_RUNGS
from evalkit.decision.questions import Ground, disputed
from evalkit.decision.table import Reason
from evalkit.records.run import UnmeasuredCost
from evalkit.records.verdict import Answer
from evalkit.wording.numbers import money_range
from evalkit.wording.text import listed

_EVALKIT = "python -m evalkit"


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
    if reason in ("prompting_does_it", "does_not_pay", "too_few_labels", "return_to_prompting", "keep_is_worth_it"):
        return f"{_EVALKIT} baseline accept {run}   # so that a nightly `evalkit check` tells when this changes"
    if reason == "all_for":
        return f"{_EVALKIT} report {run}   # the memo that goes with the request for money"
    return _open(ground, answers, doubts)


def _open(ground: Ground, answers: Sequence[Answer], doubts: Sequence[Doubt]) -> str:
    """What to measure next, the cheapest first."""
    facts = ground.facts
    missing = [b for b in ground.result.unmeasured if b.role == "frontier" and facts.missing_env.get(b.model)]
    if missing and (not evidence(ground.result) or answers[0].state == "undecided"):
        return _with_keys(ground, missing)
    if answers[0].state == "undecided" and not evidence(ground.result):
        return f"Add a frontier model under `models:`, such as `haiku: anthropic/claude-haiku-5-5`; {facts.command}"
    if ground.economics.payback is None and any(key.startswith("economics") for key in ground.economics.missing):
        scope = f"{_EVALKIT} scope {shlex.quote(ground.result.run)}"
        return f"{scope}   # asks for what is missing: {listed(ground.economics.missing)}"
    if doubts:
        return _clear(ground, doubts)
    if answers[0].state == "undecided":
        return _more_rows(ground)
    if answers[1].state == "undecided":
        return _labels(ground)
    rivals = disputed(ground)
    if rivals is not None:
        return f"Label more test rows, or leave {' or '.join(rivals)} out of `models:`; {_plan(ground)}"
    return _narrow(ground)


def _plan(ground: Ground) -> str:
    return f"{_EVALKIT} plan {shlex.quote(ground.facts.suite)}   # shows what a larger sample can see"


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


_ORDER = ("truncation", "format", "prompt", "labels", "no_rule")


def _clear(ground: Ground, doubts: Sequence[Doubt]) -> str:
    """The command for the doubt that is the cheapest to settle."""
    facts = ground.facts
    doubt = min(doubts, key=lambda d: _ORDER.index(d.kind))
    if doubt.kind == "truncation":
        return f"Raise `output.max_tokens`; {facts.command}   # asks again what was cut off"
    if doubt.kind == "format":
        provider = next((c.provider_model for c in ground.result.contenders if c.model == doubt.model), "…")
        entry = f"{doubt.model}_native: {{model: {provider}, enforce: native}}"
        return f"Add `{entry}` under `models:`; {facts.command}"
    if doubt.kind == "prompt":
        known = next(
            (each for each in facts.ladders if each.model == doubt.model and len(each.rungs) >= MIN_RUNGS), None
        )
        if known is not None and known.best:
            show = f"{_EVALKIT} ladder {shlex.quote(facts.suite)} --show {shlex.quote(known.best)}"
            return f"{show}   # a better prompt, to paste under `prompts:`"
        if known is not None:
            vouch = f"{_EVALKIT} scope {shlex.quote(ground.result.run)} --vouch prompt"
            return f"Label more rows for dev, or stand for the prompt: {vouch}"
        ladder = f"{_EVALKIT} ladder {shlex.quote(facts.suite)} --model {shlex.quote(doubt.model)}"
        return f"{ladder}   # whether better prompts still help"
    if doubt.kind == "no_rule":
        return f"Leave `{doubt.metric}` out of `good_enough:`, or decide on it by hand; {facts.command}"
    return _labels(ground)


def _labels(ground: Ground) -> str:
    if ground.facts.labels is None:
        return f"Name the labelled rows as `dataset.train`; {ground.facts.command}"
    vouch = f"{_EVALKIT} scope {shlex.quote(ground.result.run)} --vouch labels"
    return f"Read 100 labels again and declare `dataset.label_error_share`, or stand for them: {vouch}"


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
    plan = f"{_EVALKIT} plan {shlex.quote(ground.facts.suite)}"
    if counts:
        return f"Label test rows, about {min(counts):,} in all; {plan}   # shows what a larger sample can see"
    if open_:
        metric = open_[0].need.metric
        return f"Say what is tolerable, `{metric}: {{…, margin: …}}` under `good_enough:`; {ground.facts.command}"
    return f"Compare fewer contenders, or label more test rows; {plan}"


def _narrow(ground: Ground) -> str:
    """Everything is declared and the ranges are too wide: name the input that matters most."""
    payback = ground.economics.payback
    scope = f"{_EVALKIT} scope {shlex.quote(ground.result.run)}"
    if payback is not None and payback.swings:
        name = payback.swings[0].name
        return f"Find out {name.replace('_', ' ')}, which matters most; {scope}   # takes the narrower range"
    return scope
