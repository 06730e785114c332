"""A night as JUnit XML: a test suite per suite, a test case per contender and gate.

Valid against the common schemas (the one of Apache Ant that windyroad published, and that of Jenkins' xunit plug-in).
What the data cannot judge is skipped, what could not be run is an error.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from evalkit.records.check import Finding, Night, SuiteCheck
from evalkit.report.night_words import flaky_lines, lines_of, title_of

# What XML 1.0 does not allow at all, not even as a reference: https://www.w3.org/TR/xml/#charsets
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d)Z")


def junit_xml(night: Night) -> str:
    """The document. Text from anywhere is data: what XML cannot hold is replaced by �."""
    root = ET.Element("testsuites")
    for number, suite in enumerate(night.suites):
        root.append(_suite(suite, number, _time(night.id)))
    ET.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(suite: SuiteCheck, number: int, stamp: str) -> ET.Element:
    cases = [_case(suite, c.id, finding) for c in suite.contenders for finding in c.findings]
    problem = _problem(suite)
    if problem is not None or not cases:
        cases.insert(0, _run_case(suite, problem))
    element = ET.Element("testsuite")
    for name, value in {
        "package": "evalkit",
        "id": str(number),
        "name": _clean(suite.suite),
        "timestamp": stamp,
        "hostname": "localhost",
        "tests": str(len(cases)),
        "failures": str(_count(cases, "failure")),
        "errors": str(_count(cases, "error")),
        "skipped": str(_count(cases, "skipped")),
        "time": "0",
    }.items():
        element.set(name, value)
    properties = ET.SubElement(element, "properties")
    for name, text in (("suite", suite.path), ("run", suite.run or "none")):
        ET.SubElement(properties, "property", {"name": name, "value": _clean(text)})
    element.extend(cases)
    ET.SubElement(element, "system-out").text = _clean("\n".join(_notes(suite)))
    ET.SubElement(element, "system-err").text = _clean(problem or "")
    return element


def _case(suite: SuiteCheck, contender: str, finding: Finding) -> ET.Element:
    name = f"{contender} {title_of(finding)}"
    case = ET.Element("testcase", {"classname": _clean(suite.suite), "name": _clean(name), "time": "0"})
    text = _clean(finding.text)
    if finding.outcome == "fail":
        ET.SubElement(case, "failure", {"type": finding.gate, "message": text}).text = text
    elif finding.outcome == "undecided":
        ET.SubElement(case, "skipped", {"message": text})
    return case


def _run_case(suite: SuiteCheck, problem: str | None) -> ET.Element:
    case = ET.Element("testcase", {"classname": _clean(suite.suite), "name": "run", "time": "0"})
    if problem is not None:
        kind = "wrong" if suite.wrong else "incomplete"
        message = problem.splitlines()[0] if problem else kind
        ET.SubElement(case, "error", {"type": kind, "message": _clean(message)}).text = _clean(problem)
    return case


def _problem(suite: SuiteCheck) -> str | None:
    lines = [text for outcome, text in lines_of(suite) if outcome == "error"]
    return "\n".join(lines) if lines else None


def _notes(suite: SuiteCheck) -> list[str]:
    lines = [text for outcome, text in lines_of(suite) if outcome == "note"]
    return [*lines, *(line for contender in suite.contenders for line in flaky_lines(contender)), *suite.commands]


def _count(cases: list[ET.Element], tag: str) -> int:
    return sum(case.find(tag) is not None for case in cases)


def _time(night: str) -> str:
    """The start of the night as the schema wants it: no zone (it is UTC), no fractions."""
    found = _STAMP.match(night)
    return f"{found[1]}:{found[2]}:{found[3]}" if found else "1970-01-01T00:00:00"


def _clean(text: str) -> str:
    return _ILLEGAL.sub("\ufffd", text)
