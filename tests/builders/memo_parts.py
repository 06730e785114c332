"""What a memo shows besides the result: latency curves, worst examples, and hostile text."""

from __future__ import annotations

from math import exp, log

from evalkit.records.memo import LatencyCurve, WorstExample

HOSTILE = (
    '<script>window.ran=1;alert(1)</script>"><img src=x onerror="window.ran=1;alert(2)"> {{ 7*7 }} {% raw %} '
    "</pre></title></style></svg>]]>--> | `code` ``` [l](https://evil.example/x) ![i](http://evil.example/i.png) "
    "www.evil.example @octocat #12 \x1b[31mred\x1b[0m \u202egnirts\u202c \x00 \u2028 &lt;b&gt; "
    "<!-- $x$ ~~s~~ datum.x \\"
)


def latency_curves() -> tuple[LatencyCurve, ...]:
    """Log-normal-like quantiles of three contenders."""
    share = tuple(i / 100 for i in range(101))
    curves = []
    for name, median in (("haiku/default", 640.0), ("sonnet/default", 1_150.0), ("tuned/default", 180.0)):
        ms = tuple(median * exp(0.38 * log((p + 0.005) / (1.005 - p))) for p in share)
        curves.append(LatencyCurve(name, "latency", share, ms))
        curves.append(LatencyCurve(name, "ttft", share, tuple(0.45 * x for x in ms)))
    return tuple(curves)


def worst_examples() -> tuple[WorstExample, ...]:
    """Three wrong answers."""
    asked = "Hi,\nI was charged twice for October and now my shop is locked. Please unlock it today, we sell tickets."
    return (
        WorstExample("haiku/default", "t-0183", asked, "account_access", "billing", "ok", None, 2, 2),
        WorstExample(
            "sonnet/default",
            "t-0020",
            "How do I export?",
            "how_to",
            "Label: how_to.",
            "format_invalid",
            "not one of the labels",
            1,
            2,
        ),
        WorstExample("tuned/default", "t-0311", "Where is my parcel?", "shipping", "", "truncated", None, 2, 2),
    )
