"""From an Altair chart to SVG that stands inside an HTML page: its colours follow the page, its ids are its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from xml.etree import ElementTree

from evalkit.errors import ChartsMissing
from evalkit.report.memo.charts.theme import CONFIG, VARIABLES
from evalkit.wording.text import harmless

_SPACE = "{http://www.w3.org/2000/svg}"
_URL = re.compile(r"url\(#([\w-]+)\)")
_DROPPED = ("role", "font-family", "pointer-events", "class", "version", "xmlns")


@dataclass(frozen=True, slots=True)
class Size:
    """Pixels of a drawing's width. `wide` is for screens and paper, `narrow` for phones."""

    name: Literal["wide", "narrow"]
    width: int

    @property
    def narrow(self) -> bool:
        """Whether it is for a phone."""
        return self.name == "narrow"


WIDE = Size("wide", 800)
NARROW = Size("narrow", 330)

Draw = Callable[[Size], Any]


def altair() -> Any:
    """The altair module, imported late. Raises ChartsMissing."""
    try:
        import altair as module
    except ImportError as error:
        raise ChartsMissing("the memo's charts need altair and vl-convert: pip install 'evalkit[report]'") from error
    return module


def drawings(name: str, title: str, description: str, draw: Draw) -> tuple[str, str]:
    """The SVG of a chart at both widths. `name` begins all ids; `title` and `description` are its text alternative.

    Raises ChartsMissing.
    """
    module = altair()
    # Altair checks each part of a chart against its schema, which takes longer than drawing it.
    with module.utils.schemapi.debug_mode(False):
        wide, narrow = (inline(draw(s), f"{name}-{s.name}", (title, description)) for s in (WIDE, NARROW))
    return wide, narrow


def inline(chart: Any, name: str, words: tuple[str, str]) -> str:
    """A chart as an SVG element for HTML. Raises ChartsMissing."""
    try:
        from vl_convert import vegalite_to_svg
    except ImportError as error:
        raise ChartsMissing("the memo's charts need vl-convert: pip install 'evalkit[report]'") from error
    spec = chart.to_dict(validate=False)
    return _page_ready(vegalite_to_svg(spec, config=dict(CONFIG), allowed_base_urls=[]), name, words)


def _page_ready(svg: str, name: str, words: tuple[str, str]) -> str:
    """Names, colours and text alternatives set; the library's own roles and fonts removed."""
    root = ElementTree.fromstring(svg)
    renamed: dict[str, str] = {}
    for element in root.iter():
        element.tag = element.tag.removeprefix(_SPACE)
        if "id" in element.attrib:
            renamed[element.attrib["id"]] = f"{name}-{len(renamed)}"
    for element in root.iter():
        _clean(element, renamed)
    root.attrib.update({"role": "img", "aria-labelledby": f"{name}-title {name}-desc"})
    for position, (tag, text) in enumerate(zip(("title", "desc"), words, strict=True)):
        child = ElementTree.Element(tag, {"id": f"{name}-{tag}"})
        child.text = harmless(text)
        root.insert(position, child)
    return ElementTree.tostring(root, encoding="unicode")


def _clean(element: ElementTree.Element, renamed: Mapping[str, str]) -> None:
    for key, value in list(element.attrib.items()):
        if key in _DROPPED or key.startswith(("aria-", "{")):
            del element.attrib[key]
        elif key == "id":
            element.attrib[key] = renamed[value]
        elif key in ("fill", "stroke") and value.lower() in VARIABLES:
            element.attrib[key] = f"var({VARIABLES[value.lower()]}, {value})"
        elif "url(#" in value:
            element.attrib[key] = _URL.sub(lambda found: f"url(#{renamed[found[1]]})", value)
