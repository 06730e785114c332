"""The table of a run, its notes and its answer, as a terminal shows them."""

from __future__ import annotations

import io
from dataclasses import replace

from evalkit.records.estimate import Need
from evalkit.report.run import print_run, show_run
from tests.builders.needs import held
from tests.builders.reports import small_run
from tests.report.screen import in_file, on_terminal

WIDE = """\
tickets: figures with 95 % intervals

 contender                  n             accuracy       format validity   cache read   $/1k calls        p50 / p95
 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────
 haiku/default/prompt     400    .861 [.836, .881]    .991 [.979, 1.000]         86 %      $0.0612   640 / 1,480 ms
 frontier                           unmet, −5.9 pt                                                   met, +1,020 ms
 sonnet/default/prompt    400    .925 [.900, .945]     .987 [.975, .997]         86 %       $1,234   640 / 1,480 ms
 frontier                       undecided, +0.5 pt                                                   met, +1,020 ms
 trained/default/prompt   400    .754 [.729, .774]   1.000 [.988, 1.000]         86 %            –   640 / 1,480 ms
 floor                             unmet, −16.6 pt

good enough: accuracy ≥ .920 (margin 1 point); latency, p95 ≤ 2,500 ms
haiku/default/prompt: 5 in an invalid form, 2 truncated and 1 refused
haiku/default/prompt: spent now $0.00612, cost of a cold run $0.0245 (list prices of 2026-10-24)
haiku/default/prompt: warning: the list price is of 2026-10-24; check it and override it in your own price file
sonnet/default/prompt: 5 in an invalid form, 2 truncated and 1 refused
sonnet/default/prompt: spent now $123, cost of a cold run $494 (list prices of 2026-10-24)
sonnet/default/prompt: warning: the list price is of 2026-10-24; check it and override it in your own price file
trained/default/prompt: 5 in an invalid form, 2 truncated and 1 refused
trained/default/prompt: 120 answers from the response cache
trained/default/prompt: warning: the list price is of 2026-10-24; check it and override it in your own price file
skipped opus (anthropic/claude-opus-5-5): ANTHROPIC_API_KEY is not set
Run: runs/tickets/1

haiku is not good enough: accuracy is 5.9 points short of .920 (at least 3.9).
sonnet is not decided: accuracy: 0.925 against 0.92 with 95 % confidence (80 % with about 1,900).
Reference without a key: trained reaches .754 [.729, .774]; it is a floor, not evidence.
"""
NARROW_TABLE = """\
tickets: figures with 95 % intervals

                                         format   cache      $/1k       p50 /
 contender     n       accuracy        validity    read     calls         p95
 ────────────────────────────────────────────────────────────────────────────
 haiku/      400           .861            .991    86 %   $0.0612       640 /
 default/          [.836, .881]   [.979, 1.000]                      1,480 ms
 prompt                  unmet,                                          met,
 frontier               −5.9 pt                                     +1,020 ms
 sonnet/     400           .925            .987    86 %    $1,234       640 /
 default/          [.900, .945]    [.975, .997]                      1,480 ms
 prompt              undecided,                                          met,
 frontier               +0.5 pt                                     +1,020 ms
 trained/    400           .754           1.000    86 %         –       640 /
 default/          [.729, .774]   [.988, 1.000]                      1,480 ms
 prompt                  unmet,
 floor                 −16.6 pt

good enough: accuracy ≥ .920 (margin 1 point); latency, p95 ≤ 2,500 ms
haiku/default/prompt: 5 in an invalid form, 2 truncated and 1 refused
"""


def test_a_wide_terminal_has_a_line_per_figure_and_one_for_its_state() -> None:
    assert on_terminal(lambda out: print_run(small_run(), out), 120) == WIDE.splitlines()


def test_a_narrow_terminal_breaks_the_cells_and_cuts_none() -> None:
    shown = on_terminal(lambda out: print_run(small_run(), out), 80)
    assert shown[:20] == NARROW_TABLE.splitlines()
    assert max(map(len, shown[:20])) <= 80


def test_a_file_gets_the_same_table_and_whole_lines() -> None:
    assert in_file(lambda stream: show_run(small_run(), stream)) == WIDE.splitlines()


def test_quiet_leaves_the_answer() -> None:
    stream = io.StringIO()
    show_run(small_run(), stream, quiet=True)
    assert stream.getvalue().splitlines() == WIDE.splitlines()[-3:]


def test_a_need_without_a_column_of_its_own_gets_one_with_its_name_in_words() -> None:
    result = small_run()
    need = Need("macro_f1", 0.9)
    more = replace(result, requirements=(*result.requirements, held("haiku/default/prompt", need, 0.841, "unmet")))
    shown = on_terminal(lambda out: print_run(more, out), 160)
    assert "macro F1" in shown[2]
    assert ".841 [.816, .861]" in shown[4] and "unmet, −5.9 pt" in shown[5]
    assert "macro F1 ≥ .900" in next(line for line in shown if line.startswith("good enough"))


def test_lost_answers_are_said_first() -> None:
    result = small_run()
    lost = replace(result.contenders[0], status={"ok": 397, "infra_error": 3})
    broken = replace(result, complete=False, contenders=(lost, *result.contenders[1:]))
    shown = in_file(lambda stream: show_run(broken, stream, quiet=True))
    assert shown[0] == (
        "INCOMPLETE: haiku/default/prompt lost 3 answers to infrastructure errors; "
        "they count neither as right nor as wrong."
    )
    whole = in_file(lambda stream: show_run(replace(broken, contenders=result.contenders), stream, quiet=True))
    assert whole[0].startswith("INCOMPLETE: answers were lost to infrastructure errors;")
