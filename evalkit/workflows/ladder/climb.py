"""The ladder: ready-made prompts on dev, from no example to many and to reasoning, and whether they still help."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from evalkit.errors import RunError, SuiteError, SuiteMistake
from evalkit.quote import nearest
from evalkit.records.ladder import LadderReport
from evalkit.running.execute import execute
from evalkit.running.prepare import prepare
from evalkit.running.settings import RunSettings
from evalkit.running.watch import Watch
from evalkit.running.ways.choice import LIVE, HowToAsk
from evalkit.store.ladders import read_ladders
from evalkit.store.read import read_run
from evalkit.store.runs import newest_run
from evalkit.suite.file.load import load_suite
from evalkit.suite.prompts.rungs import parse_rungs
from evalkit.workflows.ladder.report import ladder_report
from evalkit.workflows.ladder.rounds import Climb

CLIMBS = ".ladder"  # the folder of climbs under `runs/`, so that they are not a suite's newest run


@dataclass(frozen=True, slots=True)
class LadderOptions:
    """What a caller may set. `rungs` are names (`suite.rungs.parse_rungs`), none for all."""

    suite: Path
    models: tuple[str, ...] = ()
    rungs: tuple[str, ...] = ()
    runs: Path = Path("runs")
    how: HowToAsk = LIVE

    @property
    def command(self) -> str:
        """The command that climbs this ladder again."""
        models = "".join(f" --model {shlex.quote(name)}" for name in self.models)
        rungs = f" --rungs {shlex.quote(','.join(self.rungs))}" if self.rungs else ""
        return f"python -m evalkit ladder {shlex.quote(str(self.suite))}{models}{rungs}{self.how.flags}"


async def climb(options: LadderOptions, watch: Watch | None = None) -> LadderReport:
    """Climb the ladder of a suite on dev, and keep the evidence for its next verdicts. Test is not read.

    A second call sends nothing that was answered. Raises SuiteError for a wrong suite, wrong rungs, a suite without
    dev, or where no model can be asked; else what `run_suite` raises.
    """
    rungs = parse_rungs(options.rungs)
    prepared = prepare(options.suite, options.models)
    splits = prepared.suite.dataset.splits
    if "dev" not in splits or splits["dev"].n == 0:
        problem = "the ladder is climbed on dev, and this suite has no rows for it"
        with prepared.located:
            raise SuiteMistake(("dataset",), problem, "`train:` under dataset, of which a fifth becomes dev, or `dev:`")
    rounds = Climb(prepared, rungs, options.models)
    settings = RunSettings(
        options.suite, options.models, runs=options.runs / CLIMBS, how=options.how, resume=options.command
    )
    result = await execute(settings, watch, prepared=prepared, rounds=rounds)
    return ladder_report(options, rounds.climbed(result))


def rung_yaml(options: LadderOptions, rung: str) -> str:
    """A rung of the suite's newest climb as YAML, to be pasted under `prompts:`.

    Raises SuiteError for a rung that is no prompt of it, and RunError where nothing was climbed.
    """
    from evalkit.workflows.ladder.rung_yaml import prompt_yaml

    suite = load_suite(options.suite).suite
    newest = newest_run(options.runs / CLIMBS / suite.name)
    if newest is None:
        raise RunError(f"no ladder of {suite.name} was climbed yet; climb it with: {options.command}")
    prompts = read_run(newest).about.prompts
    bases = {name: on for kept in reversed(read_ladders(options.runs / suite.name)) for name, on in kept.bases.items()}
    base = bases.get(rung, rung)
    if base not in prompts:
        raise SuiteError(
            f"{rung} is no prompt of the newest climb",
            expected=f"one of {', '.join([*prompts, *bases])}",
            hint=nearest(rung, [*prompts, *bases]),
        )
    level = f"# with `reasoning: {rung.removeprefix('reasoning-')}` on the model\n" if rung in bases else ""
    return level + prompt_yaml(suite, base, prompts[base])
