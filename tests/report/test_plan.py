"""A dry run on the screen."""

from __future__ import annotations

from dataclasses import replace

from evalkit.report.plan import show_plan
from tests.builders.reports import dry_run
from tests.report.screen import in_file

PLAN = """\
 contender               split   calls   prefix tokens   own tokens   answer             about   without caching
 ───────────────────────────────────────────────────────────────────────────────────────────────────────────────
 haiku/default/prompt     test     400           1,290           62        4           $0.0121           $0.0484
 sonnet/default/prompt    test     400           1,290           62        4   $1.21 to $1,234            $1,234
 own/default/prompt       test     400           1,290           62        4                 –                 –
 all with a price                                                              $1.22 to $1,234

Tokens are estimated from the text's length, without thinking; costs are list prices.
Where two costs stand, it is not known whether the model caches a prefix of this length: with caching, without.
skipped own/default/prompt: OWN_URL is not set
warning: a warning

accuracy ≥ .920 (margin 1 point): 400 rows can see a shortfall from 4.3 points and a surplus from 3.1 points (80 % power)
format validity ≥ .999: 400 rows can see no shortfall and no surplus (80 % power); it takes 2,995 clean answers to show it, so 400 cannot
Next: python -m evalkit run suites/tickets.yaml
"""  # noqa: E501


def test_a_dry_run_on_the_screen() -> None:
    assert in_file(lambda stream: show_plan(dry_run(), stream)) == PLAN.splitlines()


def test_without_any_price_the_sum_is_a_dash() -> None:
    plan = dry_run()
    unpriced = replace(plan, contenders=plan.contenders[2:])
    assert unpriced.cost == (None, None)
    total = next(line for line in in_file(lambda s: show_plan(unpriced, s)) if "all with a price" in line)
    assert total.split()[-1] == "–"
