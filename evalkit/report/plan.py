"""A dry run on the screen, and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import IO, Any

from evalkit.records.plan import Plan, Visible
from evalkit.records.request import Request
from evalkit.report.console import console, print_table
from evalkit.wording.needs import need
from evalkit.wording.numbers import count, money, money_range, points
from evalkit.wording.text import plain

_LONGEST = 2000
_RANGE = (
    "Where two costs stand, it is not known whether the model caches a prefix of this length: with caching, without."
)


def show_plan(plan: Plan, stream: IO[str]) -> None:
    """Print one request per prompt, the calls with tokens and cost, and what the sample size can see."""
    out = console(stream)
    for prompt, request in plan.requests.items():
        out.print(f"One request of prompt {prompt!r}:", markup=False)
        for line in _request_lines(request):
            out.print(f"  {line}", markup=False, soft_wrap=True)
        out.print()
    print_table(_table(plan), out)
    out.print("Tokens are estimated from the text's length, without thinking; costs are list prices.", markup=False)
    if any(c.cost_low != c.cost_high for c in plan.contenders):
        out.print(_RANGE, markup=False, soft_wrap=True)
    for c in plan.contenders:
        if c.skipped:
            out.print(f"skipped {c.id}: {plain(c.skipped)}", markup=False)
    for warning in plan.warnings:
        out.print(f"warning: {plain(warning)}", markup=False)
    out.print()
    for visible in plan.visible:
        out.print(_visible_line(visible, plan.n), markup=False, soft_wrap=True)
    out.print(f"Next: {plan.command}", markup=False, soft_wrap=True)


def plan_as_json(plan: Plan) -> dict[str, Any]:
    """The dry run as plain data; unknown is null."""
    return {
        "suite": plan.suite,
        "n": plan.n,
        "requests": {
            name: {"system": r.prefix.system, "examples": [asdict(t) for t in r.prefix.examples], "user": r.suffix}
            for name, r in plan.requests.items()
        },
        "contenders": [asdict(c) for c in plan.contenders],
        "visible": [
            {
                "metric": v.need.metric,
                "threshold": v.need.threshold,
                "margin": v.need.margin,
                "shortfall": v.shortfall,
                "surplus": v.surplus,
                "clean_answers": v.clean_answers,
            }
            for v in plan.visible
        ],
    }


def _request_lines(request: Request) -> list[str]:
    """The request as it is sent, shortened in the middle of many examples."""
    lines = ["[system]", *_block(request.prefix.system)] if request.prefix.system else []
    examples = request.prefix.examples
    for number, turn in enumerate(examples, 1):
        if 1 < number < len(examples):
            if number == 2:
                lines.append(f"… {count(len(examples) - 2, 'more example')} …")
            continue
        lines += [f"[example {number}]", *_block(turn.user), "[answer]", *_block(turn.assistant)]
    ttl = request.parameters.cache_ttl
    lines.append("— end of the cached prefix —" if ttl != "off" else "— end of the prefix (caching is off) —")
    return [*lines, "[user]", *_block(request.suffix)]


def _block(text: str) -> list[str]:
    cut = text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
    return [plain(line, _LONGEST) for line in cut.split("\n")]


def _table(plan: Plan) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("contender", no_wrap=True)
    for name in ("split", "calls", "prefix tokens", "own tokens", "answer", "about", "without caching"):
        table.add_column(name, justify="right", no_wrap=True)
    for c in plan.contenders:
        mix = c.tokens
        tokens = [f"{mix.prefix:,.0f}", f"{mix.suffix:,.0f}", f"{mix.output:,.0f}"]
        about = money_range(c.cost_low, c.cost_high)
        table.add_row(c.id, c.split, f"{c.calls:,}", *tokens, about, money(c.cost_uncached))
    table.add_row("all with a price", "", "", "", "", "", money_range(*plan.cost), "")
    return table


def _visible_line(v: Visible, n: int) -> str:
    """`accuracy ≥ .920 (margin 1 point): 353 rows can see a shortfall of 4.3 points or a surplus of 3.1`."""
    short = f"a shortfall from {points(v.shortfall)} points" if v.shortfall is not None else "no shortfall"
    over = f"a surplus from {points(v.surplus)} points" if v.surplus is not None else "no surplus"
    text = f"{need(v.need)}: {count(n, 'row')} can see {short} and {over} (80 % power)"
    if v.clean_answers > n:
        return f"{text}; it takes {v.clean_answers:,} clean answers to show it, so {n:,} cannot"
    return text
