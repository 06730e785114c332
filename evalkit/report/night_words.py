"""What a night comes to, in plain words and as JSON: for the screen, GitHub and JUnit alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from evalkit.records.check import ContenderCheck, DropTest, Finding, Night, SuiteCheck
from evalkit.wording.numbers import count, difference, points
from evalkit.wording.text import DASH, plain

GATES: dict[str, str] = {
    "baseline": "baseline",
    "below_good_enough": "good enough",
    "drop": "accuracy",
    "format_validity_drop": "format validity",
    "cost_up": "cost",
    "latency_up": "latency",
    "infra_errors": "infrastructure",
    "served_model_change": "served model",
}


_WORD = {0: "good", 1: "failed", 2: "wrong", 3: "incomplete"}


def night_json(night: Night) -> dict[str, Any]:
    """The night as plain data, numbers unrounded, unknown null, with the exit code of each suite and of all."""
    data = msgspec.to_builtins(night)
    assert isinstance(data, dict)
    for suite, plain_suite in zip(night.suites, data["suites"], strict=True):
        plain_suite["code"] = suite.code
        for contender, plain_contender in zip(suite.contenders, plain_suite["contenders"], strict=True):
            plain_contender["failed"] = contender.failed
    return {"night": data.pop("id"), "code": night.code, **data}


def headline(night: Night) -> str:
    """`1 of 3 suites failed; 6 drop tests, …`."""
    codes = [suite.code for suite in night.suites]
    worst = [f"{codes.count(code)} {_WORD[code]}" for code in (2, 3, 1) if code in codes]
    if not worst:
        return f"{count(len(codes), 'suite')} checked, nothing failed"
    return f"{count(len(codes), 'suite')} checked: {', '.join(worst)}"


def level_line(night: Night) -> str:
    """What the false alarms are held to."""
    tests = count(night.tests, "drop test")
    return f"{tests}, corrected together (Holm): a false alarm on at most 1 night in {1 / night.level:.0f}"


def lines_of(suite: SuiteCheck) -> Iterator[tuple[str, str]]:
    """All that is to be said of a suite, as (outcome, text), the worst first; `error` is an outcome here."""
    if suite.error is not None:
        for line in suite.error.splitlines():
            yield "error", line
    if suite.error is None and not suite.complete:
        yield "error", "incomplete: too many infrastructure errors; start it again, only what is missing is sent"
    for wanted in ("fail", "undecided", "note"):
        for contender in suite.contenders:
            for finding in contender.findings:
                if finding.outcome == wanted and finding.gate != "baseline":
                    yield wanted, f"{contender.id}: {finding.text}"
    for contender in suite.contenders:
        for text in contender.differences:
            yield "note", f"{contender.id}: against the baseline {text}"
    for note in suite.notes:
        yield "note", note


def worst_outcome(contender: ContenderCheck) -> str:
    """`fail`, `undecided`, `note` or `pass`, the first that any finding has."""
    outcomes = {finding.outcome for finding in contender.findings}
    return next((outcome for outcome in ("fail", "undecided", "note") if outcome in outcomes), "pass")


def drop_test(contender: ContenderCheck) -> DropTest | None:
    return next((f.test for f in contender.findings if f.gate == "drop" and f.test), None)


def difference_of(contender: ContenderCheck) -> str:
    """Accuracy against the baseline in points, with its 95 % interval."""
    test = drop_test(contender)
    if test is None or test.difference.value is None:
        return DASH
    text = f"{points(test.difference.value, signed=True)} pt"
    return text + difference(test.difference).removeprefix(text.removesuffix(" pt"))


def flaky_lines(contender: ContenderCheck) -> Iterator[str]:
    """How many answers change while the request stays the same, and which."""
    flaky = contender.flaky
    if flaky is None or not flaky.samples:
        return
    over = "between epochs" if flaky.nights == 1 else f"over {flaky.nights} runs"
    yield f"{contender.id}: {flaky.samples:,} of {count(flaky.of, 'sample')} flaky {over}"
    shown = [f"{plain(i.sample_id, 60)} ({i.right} of {i.asked} right)" for i in flaky.worst]
    rest = flaky.samples - len(shown)
    # The word in front keeps an id from being taken for a command by what reads the log.
    yield "  flaky: " + ", ".join(shown) + (f" and {rest:,} more" if rest > 0 else "")


def title_of(finding: Finding) -> str:
    """`accuracy`, or the metric of a need."""
    return f"{GATES[finding.gate]}: {finding.metric}" if finding.metric else GATES[finding.gate]
