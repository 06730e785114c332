"""A sweep over rates on the screen."""

from __future__ import annotations

from dataclasses import replace

from evalkit.report.sweep import show_sweep, step_line, sweep_json
from tests.builders.reports import sweep_of_rates
from tests.report.screen import in_file

SWEEP = """\
tickets: tuned (openai/ft-support), 95 % intervals

 calls/s   achieved   calls   errors                 latency p50                     latency p95   client late   state
 ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
       4       3.98     240        0     640 ms [610 ms, 680 ms]   1,290 ms [1,180 ms, 1,420 ms]        3.2 ms   within
       8        7.1     240        9   980 ms [900 ms, 1,100 ms]        12.4 s [2,700 ms, never]        3.2 ms   over, cut short

tuned keeps p95 of the latency ≤ 2,500 ms at 4 calls a second (95 % sure); over at 8/s.
There p95 is at most 1,420 ms, over 220 calls.
It ended because the next rate would lie within 10 % of the last two; 480 calls, $0 spent.
At $2.50 an hour and always this busy: $0.174 per 1,000 calls.
For the suite's economics, where this endpoint is one replica:
  economics.gpu.capacity_rps: 4
  economics: {gpu: {gpu_hour: 2.5, capacity_rps: 4}}
"""  # noqa: E501


def test_a_sweep_on_the_screen() -> None:
    assert in_file(lambda stream: show_sweep(sweep_of_rates(), stream)) == SWEEP.splitlines()


def test_a_step_under_way_is_one_line() -> None:
    assert step_line(sweep_of_rates().steps[1]) == "4/s: within, p95 is at most 1,420 ms (240 calls)"


def test_without_a_rate_that_is_within_no_cost_is_told() -> None:
    found = replace(sweep_of_rates(), capacity_rps=None, over_rps=None, cost_per_1000_calls=None)
    shown = in_file(lambda stream: show_sweep(found, stream))
    assert "tuned: p95 of the latency ≤ 2,500 ms: not shown at 4/s, the lowest rate that was tried." in shown
    assert not any("economics" in line for line in shown)


def test_an_answer_that_never_came_is_null_in_the_json() -> None:
    assert sweep_json(sweep_of_rates())["steps"][0]["latency_p95_ms"]["high"] is None
