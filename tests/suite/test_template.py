"""Templates: what they print, what they refuse, and that rows are never read as templates."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.errors import SuiteMistake
from evalkit.records.request import Turn
from evalkit.suite.prompts.template import Template, make_prefix


def render(source: str, **values: Any) -> str:
    return Template.parse(source).render(values)


def problem(source: str, **values: Any) -> SuiteMistake:
    with pytest.raises(SuiteMistake) as caught:
        render(source, **values)
    return caught.value


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ text }}\n", 't < & "'),
        ("a\n{% for l in labels %}\n- {{ l }}\n{% endfor %}\nb", "a\n- x\n- y\nb"),
        ("{{ labels | join(', ') }}", "x, y"),
        (
            "{% set n = namespace(sum=0) %}{% for i in range(4) %}{% set n.sum = n.sum + i %}{% endfor %}{{ n.sum }}",
            "6",
        ),
        ("{{ nothing | default('-') }}{% if nothing is defined %}x{% endif %}", "-"),
        ("{{ 2 * 3.5 }} {{ [1] * 2 }} {{ 2 ** 10 }} {{ 'ab' * 2 }} {{ 3 ** -1 > 0 }}", "7.0 [1, 1] 1024 abab True"),
        ('{{ {"<é>": [1, none]} | tojson }}', '{"<é>": [1, null]}'),
        ("{{ day | tojson }}", '"2026-01-02"'),
        ("{{ {'a': 1} | tojson(2) }}", '{\n  "a": 1\n}'),
    ],
)
def test_what_is_printed(source: str, expected: str) -> None:
    assert render(source, text='t < & "', labels=["x", "y"], day=date(2026, 1, 2)) == expected


TRICKS = [
    "{{ 7*7 }}",
    "{% raw %}",
    "{% endraw %}{{ text }}",
    "{# gone #}",
    "{{ text.__class__ }}",
    "{% for i in range(9) %}x{% endfor %}",
    "\ufeff trailing \n\n",
    "{",
    "# for x in y",
    "{%- set labels = [] -%}",
]


@pytest.mark.parametrize("text", TRICKS)
def test_a_row_that_looks_like_a_template_is_sent_verbatim(text: str) -> None:
    assert render("<{{ text }}>", text=text) == f"<{text}>"


@settings(max_examples=200, deadline=None)
@given(text=st.text() | st.lists(st.sampled_from(["{{", "}}", "{%", "%}", "{#", "#}", " raw ", "-", "x"])).map("".join))
def test_any_row_is_sent_verbatim(text: str) -> None:
    assert render("<{{ text }}>", text=text) == f"<{text}>"


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("{{ x", 1),
        ("a\n{% if %}", 2),
        ("a\n\n{% for x in y %}", 3),
        ("{% endfor %}", 1),
        ("a\n{{ x | nofilter }}", 2),
        ("{{ 'open }}", 1),
        ("{% include 'no %}", 1),
        ("a\n{{ labels | random }}", 2),  # would make every run another prompt
    ],
)
def test_syntax_errors_name_their_line(source: str, line: int) -> None:
    with pytest.raises(SuiteMistake, match="template error") as caught:
        Template.parse(source)
    assert caught.value.line == line


@pytest.mark.parametrize(
    "source", ["{{ " + "(" * 20_000 + "1" + ")" * 20_000 + " }}", "{% for i in 'ab' %}" * 30 + "{% endfor %}" * 30]
)
def test_a_template_that_is_nested_too_deep(source: str) -> None:
    assert "nested too deep" in problem(source).problem


ESCAPES = [
    "{{ ''.__class__ }}",
    "{{ text.__class__.__mro__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ text['__class__'] }}",
    "{{ text | attr('__class__') }}",
    "{{ '{0.__class__}'.format(text) }}",
    "{{ labels.append('x') }}",
    "{{ labels.__init__.__globals__ }}",
    "{{ cycler.__init__.__globals__.os }}",
    "{{ namespace.__init__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ text.upper.__globals__ }}",
    "{% set labels.x = 1 %}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}{{ os }}",
    "{% extends text %}",
    "{{ lipsum.__globals__ }}",
    "{{ open('/etc/passwd') }}",
]


@pytest.mark.parametrize("source", ESCAPES)
def test_the_sandbox_holds(source: str) -> None:
    assert "template error" in problem(source, text="t", labels=["a"]).problem


ENDLESS = [
    "{% for i in range(10 ** 12) %}x{% endfor %}",
    "{% for i in range(1000) %}{% for j in range(1000) %}{% endfor %}{% endfor %}",
    "{{ range(10 ** 30) | list }}",
    "{{ 10 ** (10 ** 10) }}",
    "{{ 7 ** big }}",
    "{{ big * big }}",
    "{{ 'x' * 10 ** 9 }}",
    "{{ 10 ** 9 * 'x' }}",
    "{{ [0] * 10 ** 9 }}",
    "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
]


@pytest.mark.parametrize("source", ENDLESS)
def test_what_would_not_end_is_refused(source: str) -> None:
    assert "template error" in problem(source, big=10**4000).problem


FAULTS = [
    ("a\n\n{{ text.foo }}", 3, "no attribute 'foo'"),
    ("{{ missing }}", 1, "'missing' is undefined"),
    ("a\n{{ text + 1 }}", 2, "can only concatenate"),
    ("{{ 1 / 0 }}", 1, "division by zero"),
    ("{{ '%(a)s' % {} }}", 1, "no 'a'"),
    ("{{ '{}'.format() }}", 1, "out of range"),
    ("{{ text() }}", 1, "not callable"),
    ("a\n{{ text.upper }}", 2, "a function stands here that is not called"),
    ("{{ range }}", 1, "a function stands here that is not called"),
    ("{{ [1][5] }}", 1, "no element 5"),
    ("{% if 1 %}\n{{ none.x }}\n{% endif %}", 2, "no attribute 'x'"),
]


@pytest.mark.parametrize(("source", "line", "says"), FAULTS)
def test_faults_of_rendering_name_their_line(source: str, line: int, says: str) -> None:
    found = problem(source, text="t")
    assert says in found.problem and found.line == line


def test_one_rendering_takes_nothing_from_the_next() -> None:
    template = Template.parse("{% for i in range(90000) %}{% endfor %}{{ text }}")
    assert [template.render({"text": i}) for i in "abc"] == ["a", "b", "c"]


def test_variables_and_their_lines() -> None:
    """A word of the text or a local name is no variable; an attribute is none either."""
    source = (
        "text\n{# b #}{% set c = a %}\n{{ c }}{{ text.a }}\n{% for d in b %}{{ d }}{{ loop.index }}{% endfor %}{{ a }}"
    )
    assert Template.parse(source).lines == {"a": 2, "text": 3, "b": 4}
    assert Template.parse("{{ context }}\n{{ text }}").lines == {"context": 1, "text": 2}


def test_the_digest_is_of_all_that_is_cached() -> None:
    turns = [Turn("u", "a"), Turn("v", "b")]
    base = make_prefix("s", turns)
    assert base == make_prefix("s", list(turns)) and len(base.digest) == 64
    others = [
        make_prefix("s ", turns),
        make_prefix("s", turns[::-1]),
        make_prefix("s", turns[:1]),
        make_prefix("s", [Turn("u", "av"), Turn("", "b")]),
        make_prefix("s", [Turn("ua", ""), Turn("v", "b")]),
        make_prefix("", [Turn("s", ""), *turns]),
    ]
    assert len({base.digest, *(other.digest for other in others)}) == 7


@given(
    system=st.text(), turns=st.lists(st.tuples(st.text(), st.text()), max_size=3), other=st.tuples(st.text(), st.text())
)
def test_equal_prefixes_have_equal_digests_and_no_others(
    system: str, turns: list[tuple[str, str]], other: tuple[str, str]
) -> None:
    one = make_prefix(system, [Turn(*turn) for turn in turns])
    assert make_prefix(system, [Turn(*turn) for turn in turns]).digest == one.digest
    assert make_prefix(system, [Turn(*turn) for turn in [*turns, other]]).digest != one.digest


def test_json_of_a_row_can_be_read_back() -> None:
    value = {"html": "<b>&'\"</b>", "n": [1, 2.5, None, True]}
    assert json.loads(render("{{ value | tojson }}", value=value)) == value
