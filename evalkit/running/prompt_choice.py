"""What the prompts did on dev: which of them goes to test, and how much the last of them still gained."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evalkit.diagnosis.ladder import PromptAnswers, ladder
from evalkit.diagnosis.prompts import ModelAnswers, rank_prompts
from evalkit.records.evidence import Ladder
from evalkit.records.prompts import PromptRank
from evalkit.running.contender_run import ContenderRun
from evalkit.running.prepare import Prepared
from evalkit.scoring.sample_means import SampleMeans, sample_means
from evalkit.suite.prompts.contenders import Contender


def ranked(prepared: Prepared, runs: Sequence[ContenderRun]) -> tuple[tuple[PromptRank, ...], str]:
    """The suite's prompts, the best on dev first, and the choice in words."""
    on_dev = answers_on_dev(prepared, runs)
    answers = [
        ModelAnswers(name, each[0][0].contender.spec.role, {run.contender.prompt: seen.correct for run, seen in each})
        for name, each in on_dev.items()
    ]
    lengths = {name: float(len(sent_text(_first(prepared, name)))) for name in prepared.config.prompts}
    return rank_prompts(answers, lengths, *clusters_of(on_dev))


def ladders(prepared: Prepared, runs: Sequence[ContenderRun]) -> tuple[Ladder, ...]:
    """A ladder per model that was asked on dev, its prompts in the order of the suite."""
    on_dev = answers_on_dev(prepared, runs)
    groups, epochs = clusters_of(on_dev)
    order = list(prepared.config.prompts)
    found = []
    for model, each in on_dev.items():
        steps = sorted(each, key=lambda pair: order.index(pair[0].contender.prompt))
        answers = [PromptAnswers(r.contender.prompt, sent_text(r.contender), seen.correct) for r, seen in steps]
        found.append(ladder(model, answers, groups, epochs))
    return tuple(found)


_Answers = dict[str, list[tuple[ContenderRun, SampleMeans]]]


def answers_on_dev(prepared: Prepared, runs: Sequence[ContenderRun]) -> _Answers:
    """The runs on dev by model, with their answers per sample."""
    found: _Answers = {}
    for run in runs:
        if run.split == "dev":
            n = prepared.suite.dataset.splits["dev"].n
            found.setdefault(run.contender.spec.name, []).append((run, sample_means(run.tally, n)))
    return found


def clusters_of(on_dev: _Answers) -> tuple[NDArray[np.int64] | None, int]:
    """Cluster codes by sample, and the epochs. Codes are a run's own, so those of one run stand for all."""
    everything = [seen for each in on_dev.values() for _, seen in each]
    groups = next((seen.group for seen in everything if seen.group is not None), None)
    return groups, max((seen.epochs for seen in everything), default=1)


def _first(prepared: Prepared, prompt: str) -> Contender:
    return next(c for c in prepared.contenders if c.prompt == prompt)


def sent_text(contender: Contender) -> str:
    """What a model is sent, but for the sample."""
    turns = [f"{turn.user}\n{turn.assistant}" for turn in contender.prefix.examples]
    return "\n".join([contender.prefix.system, *turns, contender.user.source])
