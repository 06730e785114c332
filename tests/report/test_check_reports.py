"""JUnit and GitHub: the structure that readers expect, and hostile text that stays text."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.records.check import ContenderCheck, Finding, Flaky, FlakyItem, Night, SuiteCheck
from evalkit.report.github import annotation_lines, summary
from evalkit.report.junit import junit_xml
from evalkit.report.night_words import night_json

_ORDER = ("properties", "testcase", "system-out", "system-err")
_SUITE = ("package", "id", "name", "timestamp", "hostname", "tests", "failures", "errors", "skipped", "time")


def night(text: str, error: str | None = None) -> Night:
    findings = (
        Finding("drop", "fail", text, -0.1, -0.02),
        Finding("cost_up", "note", text),
        Finding("below_good_enough", "undecided", text, metric="accuracy"),
        Finding("latency_up", "pass", text),
    )
    flaky = Flaky(1, 9, 2, (FlakyItem(text, 2, 1, 2, "nights"),))
    contender = ContenderCheck("haiku/default/prompt", "haiku", 9, "b.json", None, text, findings, (text,), flaky)
    good = SuiteCheck("suites/a.yaml", "tickets", "runs/tickets/x", True, (contender,), notes=(text,))
    wrong = SuiteCheck("suites/b.yaml", text or "b", None, True, error=error if error is not None else text, wrong=True)
    return Night("2026-11-24T02-00-00Z-ab12cd", True, 0.01, 2, (good, wrong))


def check_junit(root: ET.Element) -> None:
    """The schema of Apache Ant's reports (windyroad's JUnit.xsd), in the parts that it prescribes."""
    assert root.tag == "testsuites" and not root.attrib
    for suite in root:
        assert suite.tag == "testsuite"
        assert tuple(suite.attrib) == _SUITE
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])
        assert all(re.fullmatch(r"\d+", suite.attrib[n]) for n in ("id", "tests", "failures", "errors", "skipped"))
        float(suite.attrib["time"])
        places = [_ORDER.index(child.tag) for child in suite]
        assert places == sorted(places)
        assert [places.count(i) for i in (0, 2, 3)] == [1, 1, 1]
        cases = suite.findall("testcase")
        assert int(suite.attrib["tests"]) == len(cases) > 0
        for tag, counter in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert int(suite.attrib[counter]) == sum(case.find(tag) is not None for case in cases)
        for case in cases:
            assert set(case.attrib) == {"classname", "name", "time"}
            assert len(case) <= 1
            for child in case:
                assert set(child.attrib) == ({"message"} if child.tag == "skipped" else {"type", "message"})
        for prop in suite.findall("properties/property"):
            assert set(prop.attrib) == {"name", "value"}


def test_the_structure_of_junit() -> None:
    root = ET.fromstring(junit_xml(night("fell")))
    check_junit(root)
    first, second = root
    assert [first.get(n) for n in ("tests", "failures", "errors", "skipped")] == ["4", "1", "0", "1"]
    assert first.find("testcase/failure") is not None
    assert [c.get("name") for c in second] == [None, "run", None, None]
    assert second.get("errors") == "1"


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_text_makes_xml_that_can_be_read(text: str) -> None:
    check_junit(ET.fromstring(junit_xml(night(text)).encode("utf-8", "strict")))


def test_what_xml_cannot_hold_is_replaced() -> None:
    text = junit_xml(night("a\x00\x1b\ud800\uffff]]><b>&"))
    assert "a\ufffd\ufffd\ufffd\ufffd]]&gt;&lt;b&gt;&amp;" in text
    check_junit(ET.fromstring(text))


@settings(deadline=None)
@given(st.text(max_size=40) | st.just("x\r\n::error::injected\n%0A::stop-commands::t"))
def test_every_annotation_is_one_command(text: str) -> None:
    lines = list(annotation_lines(night(text, error=f"first\n{text}")))
    assert lines
    for line in lines:
        assert len(line.splitlines()) == 1
        kind, properties, message = re.fullmatch(r"::(\w+) ([^:]*)::(.*)", line).groups()  # type: ignore[union-attr]
        assert kind in ("error", "warning")
        assert [p.partition("=")[0] for p in properties.split(",")] == ["file", "title"]
        assert not re.search(r"%(?!25|0A|0D|3A|2C)", properties + message)


def test_the_summary_shows_text_and_does_nothing_else() -> None:
    text = summary(night("<img src=x> @everyone | [a](http://evil) `code`\n# head"))
    lines = [line for line in text.splitlines() if line.startswith("- ")]
    assert lines
    assert not any(re.search(r"(?<!\\)[<`\[|]", line) for line in lines)
    assert "@everyone" not in text
    assert len(summary(night("x" * 3_000_000)).encode()) < 1_048_576


def test_json_has_the_codes() -> None:
    data = night_json(night("fell"))
    assert (data["code"], [s["code"] for s in data["suites"]]) == (2, [1, 2])
    assert data["suites"][0]["contenders"][0]["failed"] is True
