"""The memo in a headless chromium: desktop, phone, dark, and as PDF."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evalkit.errors import ChromiumMissing
from evalkit.report.memo import memo_pdf
from tests.builders.memos import memo_page

CHROMIUM = Path(os.environ.get("EVALKIT_TEST_CHROMIUM", "/usr/bin/chromium"))
_SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
_LUMINANCE = """
(names) => {
  const parse = (c) => c.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const light = (c) => parse(c).map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const card = light(getComputedStyle(document.querySelector('.chart')).backgroundColor);
  return [...document.querySelectorAll('.chart .wide text')].map((t) => light(getComputedStyle(t).fill))
    .map((ink) => (Math.max(ink, card) + 0.05) / (Math.min(ink, card) + 0.05));
}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not CHROMIUM.exists():
        pytest.skip(f"no chromium at {CHROMIUM}")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("memo")
    found = {}
    for name in ("full", "minimal", "hostile"):
        found[name] = folder / f"{name}.html"
        found[name].write_text(memo_page(name), encoding="utf-8")
    return found


class Visit:
    """A page that was opened, with all that it did beside showing itself."""

    def __init__(self, browser: Any, path: Path, size: str, scheme: str = "light") -> None:
        width, height = _SIZES[size]
        self.context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        self.page = self.context.new_page()
        self.noise: list[str] = []
        self.page.on("console", lambda message: self.noise.append(f"console: {message.text}"))
        self.page.on("pageerror", lambda error: self.noise.append(f"error: {error}"))
        self.page.on("dialog", self._dialog)
        self.own = path.as_uri()
        self.page.on("request", self._request)
        self.page.goto(self.own)

    def _dialog(self, dialog: Any) -> None:
        self.noise.append("dialog")
        dialog.dismiss()

    def _request(self, request: Any) -> None:
        if request.url not in (self.own, "data:,"):
            self.noise.append(f"asked {request.url}")

    def __enter__(self) -> Visit:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()


@pytest.mark.parametrize("name", ["full", "minimal", "hostile"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_quiet_and_not_wider_than_the_screen(browser: Any, pages: dict[str, Path], name: str, size: str) -> None:
    with Visit(browser, pages[name], size) as visit:
        wide = visit.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= _SIZES[size][0]
        assert visit.page.evaluate("typeof window.ran") == "undefined"
        assert visit.page.locator("script, img, iframe, object, embed, form").count() == 0
        assert visit.noise == []


@pytest.mark.parametrize(("size", "shown"), [("desktop", "wide"), ("phone", "narrow")])
def test_every_chart_shows_its_data(browser: Any, pages: dict[str, Path], size: str, shown: str) -> None:
    with Visit(browser, pages["full"], size) as visit:
        charts = visit.page.locator(f".chart .{shown} > svg")
        assert charts.count() == 8
        for i in range(8):
            chart = charts.nth(i)
            box = chart.bounding_box()
            assert box
            assert box["width"] > 250
            assert chart.get_attribute("role") == "img"
            assert chart.locator("> title").text_content()
            assert chart.locator("> desc").text_content()
            assert chart.locator("path, line, rect").count() > 10
            assert chart.locator("text").count() > 4
            scale = chart.evaluate("e => e.getBoundingClientRect().width / e.viewBox.baseVal.width")
            assert scale * 12 >= 10, "letters too small to read"


def test_dark_charts_can_be_read(browser: Any, pages: dict[str, Path]) -> None:
    """Every word in a chart stands out from its card by 4.5 to 1, as WCAG 2 asks, in both schemes."""
    for scheme in ("light", "dark"):
        with Visit(browser, pages["full"], "desktop", scheme) as visit:
            contrasts = visit.page.evaluate(_LUMINANCE)
            assert len(contrasts) > 60
            assert min(contrasts) >= 4.5, scheme


def test_print_uses_the_wide_charts(browser: Any, pages: dict[str, Path]) -> None:
    with Visit(browser, pages["full"], "phone", "dark") as visit:
        visit.page.emulate_media(media="print")
        visit.page.set_viewport_size({"width": 700, "height": 1000})  # what margins leave of A4
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 700
        assert visit.page.locator(".chart .wide").first.is_visible()
        assert not visit.page.locator(".chart .narrow").first.is_visible()
        assert visit.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_pdf(tmp_path: Path, pages: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    if not CHROMIUM.exists():
        pytest.skip(f"no chromium at {CHROMIUM}")
    monkeypatch.setenv("PATH", str(CHROMIUM.parent), prepend=os.pathsep)
    memo_pdf(pages["full"].read_text(encoding="utf-8"), tmp_path / "memo.pdf")
    assert (tmp_path / "memo.pdf").read_bytes().startswith(b"%PDF")


def test_pdf_without_chromium_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ChromiumMissing, match="chromium"):
        memo_pdf("<!doctype html>", tmp_path / "memo.pdf")
    assert not (tmp_path / "memo.pdf").exists()
