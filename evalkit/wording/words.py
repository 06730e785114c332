"""Words for a reader who does not know the code: states, methods, inputs, and numbers that stand in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

from evalkit.records.economics import Span
from evalkit.records.estimate import Estimate, Need
from evalkit.records.metric import METRICS, Unit, is_share
from evalkit.records.run import Percentiles
from evalkit.wording.text import DASH, dollars, milliseconds, plain, share

OUTCOME: Mapping[str, str] = {"FUND": "FUND", "RULE_OUT": "RULE OUT", "NOT_YET": "NOT YET"}
ANSWER: Mapping[str, str] = {
    "for": "for a fine-tune",
    "against": "against",
    "undecided": "undecided",
    "not_applicable": "does not apply",
}
OPTION: Mapping[str, str] = {"5m": "5 min cache", "1h": "1 h cache"}
QUESTION: Mapping[int, str] = {
    1: "What does prompting give?",
    2: "Are there enough labelled examples?",
    3: "Does the volume justify it?",
}
STATUS: Mapping[str, str] = {"format_invalid": "in an invalid form", "infra_error": "lost to infrastructure"}
ROLE: Mapping[str, str] = {
    "frontier": "frontier",
    "prompted": "prompted",
    "fine_tuned": "fine-tuned",
    "floor": "reference",
}
VOUCH: Mapping[str, str] = {
    "prompt": "the prompt (that its headroom is used up)",
    "labels": "the labels (that they are correct)",
    "format": "the format (that its gap survives native structured output)",
}
METHOD: Mapping[str, str] = {
    "wilson": "Wilson score interval for a proportion of independent rows",
    "wilson_clustered": "Wilson score interval at the effective number of rows: n divided by the design effect of the "
    "clusters, with t quantiles",
    "wilson_epochs": "Wilson score interval at the effective number of rows; the asks of one row are a cluster",
    "wilson_no_spread": "Wilson score interval, because no resample differed from the figure",
    "bootstrap_bca": "bootstrap over rows or clusters, bias-corrected and accelerated (BCa)",
    "bootstrap_percentile": "bootstrap over rows or clusters, plain percentiles because BCa degenerates",
    "order_statistic": "order statistics of the sample (distribution-free)",
    "t": "Student's t interval for a mean",
    "t_clustered": "Student's t interval for a mean over clusters",
    "tango": "Tango's score interval for a paired difference",
    "paired_bootstrap": "paired bootstrap over clusters",
}
RULES_OF_THUMB = (
    "10 M calls a month",
    "30–60 % cheaper per call",
    "a build of 15–60 k$",
    "hosting of 200–2,000 $ a month",
)
_INPUT: Mapping[str, str] = {
    "calls_per_month": "Calls a month",
    "build_cost": "Build cost",
    "label_cost_each": "Cost of a label",
    "hosting_per_month": "Hosting a month",
    "tuned_cost_per_1000_calls": "Fine-tuned, 1,000 calls",
    "tuned_accuracy": "Fine-tuned accuracy",
    "retrain_cost": "Cost of a retraining",
    "retrains_per_year": "Retrainings a year",
    "prompted_price_change_per_year": "Price change a year",
    "value_of_a_correct_answer": "Value of a correct answer",
    "value_of_meeting_need_per_month": "Value of the need a month",
}


def block(text: str, longest: int = 2000) -> str:
    """Several lines made harmless: line ends and tabs stay, other control and bidi characters become escapes."""
    lines = text[:longest].replace("\r\n", "\n").split("\n")
    return "\n".join("\t".join(plain(part, longest) for part in line.split("\t")) for line in lines)


def harmless(text: str) -> str:
    """Text of any length in which nothing is hidden; line ends and tabs stay."""
    return text if text.isascii() and text.isprintable() else block(text, len(text))


def metric(name: str) -> str:
    """A metric's name in words."""
    known = METRICS.get(name)
    return known.words if known is not None else name.replace("_", " ")


def amount(need_metric: str, value: float | None) -> str:
    """A value in the unit of its metric; a metric that the table does not have is taken for a share."""
    if value is None:
        return DASH
    known = METRICS.get(need_metric)
    unit: Unit = "share" if known is None else known.unit
    return {"usd": money, "ms": milliseconds, "share": share}[unit](value)


def figure(name: str, estimate: Estimate | None) -> str:
    """A metric's value with its 95 % interval, in its unit: `.925 [.891, .949]`, `812 ms [760 ms, 855 ms]`."""
    if estimate is None or estimate.value is None:
        return DASH
    return amount(name, estimate.value) + ends(name, estimate)


def ends(name: str, estimate: Estimate | None) -> str:
    """The 95 % interval alone, a space before it; nothing where an end is unknown."""
    if estimate is None or estimate.low is None or estimate.high is None:
        return ""
    return f" [{amount(name, estimate.low)}, {amount(name, estimate.high)}]"


def need(wanted: Need) -> str:
    """`accuracy ≥ .920 (margin 1 point)`."""
    sign = "≥" if wanted.at_least else "≤"
    text = f"{metric(wanted.metric)} {sign} {amount(wanted.metric, wanted.threshold)}"
    if not wanted.margin:
        return text
    return f"{text} (margin {margin(wanted)})"


def margin(wanted: Need) -> str:
    """A need's margin in points, or in the unit of a time or a cost."""
    if not is_share(wanted.metric):
        return amount(wanted.metric, wanted.margin)
    size = f"{100 * wanted.margin:g}"
    return f"{size} {'point' if size == '1' else 'points'}"


def money(value: float | None) -> str:
    """US dollars; whole ones from a hundred on; a minus sign before the currency; `never` where it is infinite."""
    if value is None:
        return DASH
    if not isfinite(value):
        return "unbounded"
    sign = "−" if value < 0 else ""
    size = abs(value)
    if size >= 100:
        return f"{sign}${size:,.0f}"
    text = dollars(size)
    cents = text.partition(".")[2]
    return sign + (f"{text}0" if len(cents) == 1 and "e" not in text else text)


def calls(value: float | None) -> str:
    """A volume: `3 M`, `250 k`, `900`."""
    if value is None:
        return DASH
    if not isfinite(value):
        return "unbounded"
    for unit, size in (("B", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= 0.9995 * size:
            return f"{value / size:.3g} {unit}" if value < 999.5 * size else f"{value / size:,.0f} {unit}"
    return f"{value:.3g}"


def span_of(span: Span | None, unit: str = "money") -> str:
    """A range in its unit (`money`, `calls`, `share`, `number`); one figure where both ends are the same."""
    if span is None:
        return DASH
    write = {"money": money, "calls": calls, "share": share}.get(unit, number)
    return write(span.low) if span.fixed else f"{write(span.low)} to {write(span.high)}"


def number(value: float | None) -> str:
    """A plain number with three significant digits."""
    if value is None:
        return DASH
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}".replace("-", "−")


def months(value: float) -> str:
    """Months until something is paid back, `never` where it is infinite."""
    return f"{value:,.1f}" if isfinite(value) else "never"


def times(figures: Percentiles | None) -> str:
    """Median and 95th percentile, the unit said once: `640 / 1,480 ms`."""
    if figures is None or figures.p95 is None:
        return DASH
    first, last = milliseconds(figures.p50), milliseconds(figures.p95)
    unit = last.rpartition(" ")[2]
    return f"{first.removesuffix(f' {unit}')} / {last}"


def input_name(name: str) -> str:
    """An economic input in words."""
    return _INPUT.get(name) or name.replace("_", " ").capitalize()


def input_value(name: str, value: float) -> str:
    """An economic input in its unit, told by its name."""
    if "calls_per" in name:
        return calls(value)
    if "accuracy" in name or "share" in name:
        return share(value)
    if "change" in name:
        return f"{100 * value:+.0f} %".replace("-", "−") if value else "0 %"
    return money(value) if any(w in name for w in ("cost", "value", "hosting", "price", "build")) else number(value)


def points(estimate: Estimate | None) -> str:
    """A difference of shares in points with its interval: `+1.2 [−0.4, +2.9]`."""
    if estimate is None or estimate.value is None:
        return DASH
    text = point(estimate.value)
    if estimate.low is None or estimate.high is None:
        return text
    return f"{text} [{point(estimate.low)}, {point(estimate.high)}]"


def point(value: float | None) -> str:
    """A difference of shares in points, signed."""
    return DASH if value is None else f"{100 * value:+.1f}".replace("-", "−")


def method(name: str) -> str:
    """How an interval was found, in words."""
    return METHOD.get(name) or name.replace("_", " ")


def is_command(text: str) -> bool:
    """Whether a next step is to be pasted rather than read."""
    first = text.split(maxsplit=1)[0] if text.strip() else ""
    return first in {"evalkit", "python", "python3", "export", "pip", "uv", "cd", "git"}


def cut(text: str, longest: int) -> str:
    """One harmless line, shortened at its end."""
    short = plain(text, longest)
    return short if len(short) <= longest else short[: longest - 1] + "…"
