"""The memo as one HTML file: no script, no network, no font but the reader's own."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from evalkit.records.memo import Memo
from evalkit.report.memo.blocks import Section
from evalkit.report.memo.sections import contenders, data, economics, mistakes
from evalkit.report.memo.sections.appendix import appendix_section
from evalkit.report.memo.sections.latency import latency_section
from evalkit.report.memo.sections.verdict import head
from evalkit.wording.text import cut, harmless

if TYPE_CHECKING:
    from jinja2 import Environment

_SECTIONS = (
    contenders.accuracy_section,
    contenders.cost_section,
    economics.rivals_section,
    economics.breakeven_section,
    economics.sensitivity_section,
    economics.cache_section,
    mistakes.confusion_section,
    latency_section,
    data.labels_section,
    data.prompts_section,
    data.unmeasured_section,
    mistakes.examples_section,
    appendix_section,
)


def sections(memo: Memo) -> list[Section]:
    """All sections in their order; those without data say why."""
    return [make(memo) for make in _SECTIONS]


def memo_html(memo: Memo) -> str:
    """The memo as a self-contained page. All of its texts are escaped, control and bidi characters made visible.

    Raises ChartsMissing where the charts' libraries are not installed.
    """
    template = _environment().get_template("memo.html.j2")
    return template.render(memo=memo, head=head(memo), sections=sections(memo))


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    def printed(value: Any) -> Any:
        """Every printed expression passes here, before it is escaped."""
        return harmless(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = Environment(
        loader=PackageLoader("evalkit.report.memo", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=printed,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["short"] = cut
    environment.filters["svg"] = Markup  # the charts' own drawings, whose texts were escaped when they were written
    return environment
