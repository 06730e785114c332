"""Numbers as people read them: each kind is said in one way, in every sentence, table and chart.

An unknown (None or not a number) is a dash, an infinite number is a word, the minus sign stands before all else, there
are no exponents, and a larger number never reads smaller. The examples are tested.
"""

from __future__ import annotations

import math

from evalkit.records.economics import Span
from evalkit.records.estimate import Estimate
from evalkit.records.run import Percentiles
from evalkit.wording.text import DASH

MINUS = "−"
UNBOUNDED = "unbounded"
NEVER = "never"
_LEAST_DOLLARS = 1e-9  # what costs anything never reads as nothing
_LEAST_POINTS = 1e-4


def money(dollars: float | None) -> str:
    """US dollars: whole ones from a hundred on, cents from one on, three significant digits below.

    >>> [money(x) for x in (1234, 99.5, 12.345, 0.0612, 0.3, 0.00002, 0, -5, None, math.inf)]
    ['$1,234', '$99.50', '$12.35', '$0.0612', '$0.30', '$0.00002', '$0', '−$5.00', '–', 'unbounded']
    """
    if dollars is None or math.isnan(dollars):
        return DASH
    if math.isinf(dollars):
        return UNBOUNDED
    size = abs(dollars)
    if not size:
        return "$0"
    if size >= 99.995:
        text = f"{size:,.0f}"
    elif size >= 1:
        text = f"{size:.2f}"
    else:
        text = _significant(max(size, _LEAST_DOLLARS), 3, least_decimals=2)
    return f"{MINUS if dollars < 0 else ''}${text}"


def money_range(low: float | None, high: float | None) -> str:
    """An amount that lies between two; one figure where both read the same.

    >>> money_range(0.0121, 0.037), money_range(0.0121, 0.0121), money_range(None, 0.037)
    ('$0.0121 to $0.037', '$0.0121', '–')
    """
    first, last = money(low), money(high)
    if DASH in (first, last):
        return DASH
    return first if first == last else f"{first} to {last}"


def share(value: float | None) -> str:
    """A share with three digits and no leading zero.

    >>> [share(x) for x in (0.925, 1, 0, -0.012, None)]
    ['.925', '1.000', '.000', '−.012', '–']
    """
    if value is None or math.isnan(value):
        return DASH
    if math.isinf(value):
        return UNBOUNDED
    return _with_sign(value, f"{abs(value):.3f}".removeprefix("0"))


def percent(value: float | None, decimals: int = 0) -> str:
    """A share in per cent; what is not quite nothing or not quite all is not rounded away.

    >>> [percent(x) for x in (0.86, 0.004, 0.999, 0, 1, None)], percent(0.0314, 1)
    (['86 %', 'under 1 %', 'over 99 %', '0 %', '100 %', '–'], '3.1 %')
    """
    if value is None or math.isnan(value):
        return DASH
    if math.isinf(value):
        return UNBOUNDED
    unit = 0.01 / 10**decimals
    if 0 < value < unit:
        return f"under {100 * unit:.{decimals}f} %"
    if 1 - unit < value < 1:
        return f"over {100 * (1 - unit):.{decimals}f} %"
    return f"{_with_sign(value, f'{abs(100 * value):,.{decimals}f}')} %"


def change(value: float | None) -> str:
    """A relative change in per cent, signed.

    >>> [change(x) for x in (0.12, -0.5, 0, None)]
    ['+12 %', '−50 %', '0 %', '–']
    """
    if value is None or math.isnan(value):
        return DASH
    if math.isinf(value):
        return UNBOUNDED
    return f"{_with_sign(value, f'{abs(100 * value):,.0f}', plus=True)} %"


def points(value: float | None, signed: bool = False) -> str:
    """A difference of shares in percentage points with one decimal; small ones with two digits.

    >>> [points(x) for x in (0.024, -0.1, 0.0004, 0, None)], points(0.024, signed=True)
    (['2.4', '−10.0', '0.04', '0.0', '–'], '+2.4')
    """
    if value is None or math.isnan(value):
        return DASH
    if math.isinf(value):
        return UNBOUNDED
    size = abs(100 * value)
    if size < _LEAST_POINTS:
        return "0.0"
    text = f"{size:,.1f}" if size >= 0.095 else _significant(size, 2)
    return _with_sign(value, text, plus=signed)


def in_points(value: float) -> str:
    """A number of points with its noun, as exactly as it was said: a margin, a limit.

    >>> [in_points(x) for x in (0.01, 0.025, 0.02)]
    ['1 point', '2.5 points', '2 points']
    """
    size = number(round(100 * value, 6))
    return f"{size} {'point' if size == '1' else 'points'}"


def calls(value: float | None) -> str:
    """A volume of calls: whole below a million, then three significant digits.

    >>> [calls(x) for x in (900, 450_000, 3e6, 18_750_000, 1.2e9, 0.4, None, math.inf)]
    ['900', '450,000', '3 M', '18.8 M', '1.2 B', 'under 1', '–', 'unbounded']
    """
    if value is None or math.isnan(value):
        return DASH
    if math.isinf(value):
        return UNBOUNDED
    size = abs(value)
    if 0 < size < 1:
        text = "under 1"
    elif size < 999_999.5:
        text = f"{size:,.0f}"
    elif size < 999.5e6:
        text = f"{_significant(size / 1e6, 3)} M"
    else:
        text = f"{_significant(size / 1e9, 3)} B"
    return _with_sign(value, text)


def number(value: float | None) -> str:
    """A plain number: three significant digits, all digits of whole thousands.

    >>> [number(x) for x in (5, 0.000125, 12_345, -0.5, None)]
    ['5', '0.000125', '12,345', '−0.5', '–']
    """
    if value is None or math.isnan(value):
        return DASH
    if math.isinf(value):
        return UNBOUNDED
    size = abs(value)
    return _with_sign(value, f"{size:,.0f}" if size >= 999.5 else _significant(size, 3))


def count(n: int, noun: str, plural: str | None = None) -> str:
    """A count with its noun.

    >>> count(1, "row"), count(1500, "row"), count(0, "retry", "retries")
    ('1 row', '1,500 rows', '0 retries')
    """
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def milliseconds(value: float | None) -> str:
    """A duration: a decimal below ten milliseconds, seconds from ten seconds on; `never` for what has no end.

    >>> [milliseconds(x) for x in (0.83, 640, 1480, 12_340, None, math.inf)]
    ['0.8 ms', '640 ms', '1,480 ms', '12.3 s', '–', 'never']
    """
    if value is None or math.isnan(value):
        return DASH
    if math.isinf(value):
        return NEVER
    size = abs(value)
    if size >= 9_999.5:
        return f"{_with_sign(value, f'{size / 1000:,.1f}')} s"
    return f"{_with_sign(value, f'{size:,.0f}' if size >= 9.95 else f'{size:.1f}')} ms"


def months(value: float | None) -> str:
    """Months until something is paid back; `never` where it never is.

    >>> [months(x) for x in (4.23, 31.4, None, math.inf)]
    ['4.2 months', '31 months', '–', 'never']
    """
    if value is None or math.isnan(value):
        return DASH
    if math.isinf(value):
        return NEVER
    size = abs(value)
    return f"{_with_sign(value, f'{size:,.0f}' if size >= 9.95 else f'{size:.1f}')} months"


def p_value(p: float | None) -> str:
    """A p value with two digits, and as many more as show on which side of 0.05 it lies.

    >>> [p_value(x) for x in (0.21, 0.034, 0.0499, 0.00001, None)]
    ['0.21', '0.034', '0.0499', '< 0.0001', '–']
    """
    if p is None or math.isnan(p):
        return DASH
    if p < 0.0001:
        return "< 0.0001"
    if p >= 0.095:
        return f"{p:.2f}"
    return next((text for digits in (2, 3, 4) if float(text := f"{p:.{digits}g}") != 0.05), f"{p:g}")


def interval(estimate: Estimate | None) -> str:
    """A share with its 95 % interval, as `.925 [.891, .949]`."""
    if estimate is None or estimate.value is None:
        return DASH
    if estimate.low is None or estimate.high is None:
        return share(estimate.value)
    return f"{share(estimate.value)} [{share(estimate.low)}, {share(estimate.high)}]"


def difference(estimate: Estimate | None) -> str:
    """A difference of shares in points with its interval: `+1.2 [−0.4, +2.9]`."""
    if estimate is None or estimate.value is None:
        return DASH
    text = points(estimate.value, signed=True)
    if estimate.low is None or estimate.high is None:
        return text
    return f"{text} [{points(estimate.low, signed=True)}, {points(estimate.high, signed=True)}]"


def span_of(span: Span | None, unit: str = "money") -> str:
    """A range in its unit (`money`, `calls`, `share`, `months`, `number`); one figure where both ends are the same."""
    if span is None:
        return DASH
    write = {"money": money, "calls": calls, "share": share, "months": months}.get(unit, number)
    low, high = write(span.low), write(span.high)
    if span.fixed:
        return low
    return f"{low.removesuffix(' months')} to {high}" if high.endswith(" months") else f"{low} to {high}"


def times(figures: Percentiles | None) -> str:
    """Median and 95th percentile, a common unit said once: `640 / 1,480 ms`."""
    if figures is None or figures.p95 is None:
        return DASH
    first, last = milliseconds(figures.p50), milliseconds(figures.p95)
    unit = last.rpartition(" ")[2]
    return f"{first.removesuffix(f' {unit}')} / {last}"


def _with_sign(value: float, text: str, plus: bool = False) -> str:
    """The text of a size with the sign of its value; what reads as zero has none."""
    if not any(c in "123456789" for c in text):
        return text
    return f"{MINUS}{text}" if value < 0 else f"+{text}" if plus else text


def _significant(size: float, digits: int, least_decimals: int = 0) -> str:
    """A size with so many significant digits and no exponent; zeros at its end go, down to `least_decimals`."""
    if not size:
        return "0"
    exponent = int(f"{size:.{digits - 1}e}".partition("e")[2])
    decimals = max(0, digits - 1 - exponent)
    whole, _, rest = f"{size:,.{decimals}f}".partition(".")
    rest = rest.rstrip("0").ljust(least_decimals, "0")
    return f"{whole}.{rest}" if rest else whole
