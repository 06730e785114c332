"""A suite's nights on a terminal: bars, marks, the table, what changed when."""

from __future__ import annotations

from evalkit.records.history import ContenderHistory, History
from evalkit.report.history import print_history
from tests.builders.reports import past_nights
from tests.report.screen import on_terminal

HISTORY = """\
haiku/default/prompt  █▇▁   .880 to .930
                        *

 night                n            accuracy     format validity   $/1k calls      p50   served model
 ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
 2026-11-21 02:00   500   .930 [.905, .950]   .990 [.980, .998]      $0.0612   640 ms   haiku-1
 2026-11-22 02:00   500   .920 [.895, .940]   .990 [.980, .998]           $0   640 ms   haiku-1        from cache
 2026-11-23 02:00   500   .880 [.855, .900]   .990 [.980, .998]       $1,234   640 ms   –              ▲ M incomplete
 2026-11-24 02:00   500                   –   .990 [.980, .998]            –   640 ms   –

▲ 2026-11-23 02:00: accuracy fell from .925 to .880 (p < 0.0001, permutation test)
M 2026-11-23 02:00: the served model is unknown, was haiku-1

runs/x: no summary
tickets: changes are marked ▲ accuracy, M served model, D data, P prompt, S version that scored
"""


def test_nights_on_a_terminal() -> None:
    assert on_terminal(lambda out: print_history(past_nights(), out), 120) == HISTORY.splitlines()


def test_a_contender_without_nights_has_no_bars() -> None:
    empty = History("tickets", (ContenderHistory("haiku/default/prompt", (), ()),))
    assert on_terminal(lambda out: print_history(empty, out), 120)[0] == "haiku/default/prompt"
