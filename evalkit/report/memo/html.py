"""The memo as one HTML file: no script, no network, no font but the reader's own."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from evalkit.records.memo import Memo
from evalkit.report.memo.blocks import Section
from evalkit.report.memo.sections.accuracy import accuracy_section
from evalkit.report.memo.sections.alternatives import rivals_section
from evalkit.report.memo.sections.appendix import appendix_section
from evalkit.report.memo.sections.breakeven import breakeven_section
from evalkit.report.memo.sections.caching import cache_section
from evalkit.report.memo.sections.confusion import confusion_section
from evalkit.report.memo.sections.cost import cost_section
from evalkit.report.memo.sections.examples import examples_section
from evalkit.report.memo.sections.labels import labels_section
from evalkit.report.memo.sections.latency import latency_section
from evalkit.report.memo.sections.prompts import prompts_section
from evalkit.report.memo.sections.sensitivity import sensitivity_section
from evalkit.report.memo.sections.unmeasured import unmeasured_section
from evalkit.report.memo.sections.verdict import head
from evalkit.wording.text import cut, harmless

if TYPE_CHECKING:
    from jinja2 import Environment

_SECTIONS = (
    accuracy_section,
    cost_section,
    rivals_section,
    breakeven_section,
    sensitivity_section,
    cache_section,
    confusion_section,
    latency_section,
    labels_section,
    prompts_section,
    unmeasured_section,
    examples_section,
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
