"""A climb on the screen."""

from __future__ import annotations

from dataclasses import replace

from evalkit.records.estimate import Estimate
from evalkit.report.ladder import show_ladder
from tests.builders.reports import climb
from tests.report.screen import in_file

CLIMB = """\
tickets: ready-made prompts on 300 rows of dev; test was not asked
haiku (anthropic/claude-haiku-5-5): figures with 95 % intervals

 prompt                          n                     accuracy   gain over the best before   bound   $/1k calls   prefix tokens
 ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
 bare                          300            .871 [.846, .891]                           –       –        $0.02             120
 default (the suite's, best)   300            .902 [.877, .922]           +3.1 [+0.8, +5.5]    +5.1      $0.0612           1,290
 thinking (on default)           –   the model has no reasoning                           –       –            –               –

haiku  ▁█  .871 to .902
The curve has not flattened: the last of 2 prompts (default) gains haiku at most 5.1 points (95 % bound), and 1 point would matter.

skipped opus: no key
warning: a warning
spent now $0.0121, cost of a cold climb $0.0484; 600 answers asked for, the rest from the response cache
Kept for the verdict: runs/ladders/tickets.json; every answer: runs/tickets/l
Next: python -m evalkit run suites/tickets.yaml
"""  # noqa: E501


def test_a_climb_on_the_screen() -> None:
    assert in_file(lambda stream: show_ladder(climb(), stream)) == CLIMB.splitlines()


def test_a_better_rung_than_the_chosen_one_is_named_with_its_gain() -> None:
    report = climb()
    gain = Estimate(0.031, 0.008, 0.055, 300, "tango")
    better = replace(report, models=(replace(report.models[0], chosen="bare", over_chosen=gain, used_up=True),))
    shown = in_file(lambda stream: show_ladder(better, stream))
    assert "The best rung, default, gains +3.1 [+0.8, +5.5] points over bare." in shown
    assert any(line.startswith("The curve has flattened: ") for line in shown)
