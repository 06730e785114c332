"""A night for GitHub Actions: annotations as workflow commands, and the job summary in Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from evalkit.records.check import ContenderCheck, Night, SuiteCheck
from evalkit.report.night_words import (
    difference_of,
    flaky_lines,
    headline,
    level_line,
    lines_of,
    title_of,
    worst_outcome,
)
from evalkit.wording.markdown import inert
from evalkit.wording.numbers import interval
from evalkit.wording.text import plain

_LONGEST = 1000
_MOST_ANNOTATIONS = 10  # GitHub shows 10 of each kind per step
_LARGEST_SUMMARY = 1_000_000  # bytes; GitHub takes 1 MiB per step
_MARK = {"pass": "✅ pass", "note": "🟡 note", "undecided": "⚪ cannot judge", "fail": "❌ failed"}


def annotation_lines(night: Night) -> Iterator[str]:
    """Workflow commands, a line each: an error per failure, a warning per thing that the data cannot judge or notes."""
    errors = [_command("error", *each) for suite in night.suites for each in _texts(suite, ("error", "fail"))]
    warnings = [_command("warning", *each) for suite in night.suites for each in _texts(suite, ("undecided", "note"))]
    for commands in (errors, warnings):
        yield from commands[:_MOST_ANNOTATIONS]


def _texts(suite: SuiteCheck, outcomes: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    """(file, title, text) of each outcome; an error of several lines is one annotation."""
    if "error" in outcomes:
        lines = [text for outcome, text in lines_of(suite) if outcome == "error"]
        if lines:
            yield suite.path, f"{suite.suite} could not be checked", "\n".join(lines)
    for contender in suite.contenders:
        for finding in contender.findings:
            if finding.outcome in outcomes and finding.gate != "baseline":
                yield suite.path, f"{suite.suite} {contender.id} {title_of(finding)}", finding.text
    if "note" in outcomes:
        for text in suite.notes:
            yield suite.path, suite.suite, text


def _command(kind: str, file: str, title: str, text: str) -> str:
    lines = [plain(line, _LONGEST) for line in text.splitlines()]
    return f"::{kind} file={_property(plain(file))},title={_property(plain(title))}::{_data(chr(10).join(lines))}"


def _data(text: str) -> str:
    """As in GitHub's own toolkit (packages/core/src/command.ts, escapeData)."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """As escapeProperty there."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def summary(night: Night) -> str:
    """The job summary. Every text of the data is inert."""
    parts = [f"## evalkit check: {inert(headline(night), 200)}", inert(level_line(night), 300)]
    for suite in night.suites:
        parts += list(_suite(suite))
    text = "\n\n".join(parts) + "\n"
    data = text.encode("utf-8", "replace")
    if len(data) <= _LARGEST_SUMMARY:
        return data.decode()
    cut = data[:_LARGEST_SUMMARY].decode("utf-8", "ignore")
    return cut[: cut.rfind("\n")] + "\n\n(cut: the summary is too long)\n"


def _suite(suite: SuiteCheck) -> Iterator[str]:
    yield f"### {inert(suite.suite, 120)}"
    if suite.contenders:
        head = "| contender | n | accuracy | against the baseline | state |\n| --- | ---: | --- | --- | --- |"
        yield "\n".join([head, *(_row(contender) for contender in suite.contenders)])
    lines = [f"- **{_word(outcome)}** {inert(text)}" for outcome, text in lines_of(suite)]
    lines += [f"- {inert(line.strip())}" for contender in suite.contenders for line in flaky_lines(contender)]
    if lines:
        yield "\n".join(lines)
    for command in suite.commands:
        yield f"Accept it as the baseline: {inert(command)}"


def _row(contender: ContenderCheck) -> str:
    drop = difference_of(contender) if contender.baseline else "no baseline yet"
    state = _MARK[worst_outcome(contender)]
    return f"| {inert(contender.id)} | {contender.n:,} | {interval(contender.accuracy)} | {drop} | {state} |"


def _word(outcome: str) -> str:
    return {"error": "error", "fail": "failed", "undecided": "cannot judge"}.get(outcome, outcome)
