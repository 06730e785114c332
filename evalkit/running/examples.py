"""Whether the examples in the prompts have the form that is scored."""

from __future__ import annotations

from collections.abc import Sequence

from evalkit.errors import SuiteMistake
from evalkit.records.completion import Completion, Timing
from evalkit.records.sample import Target
from evalkit.records.score import Status
from evalkit.scoring.scorer import Scorer
from evalkit.suite.prompts.contenders import Contender


def check_examples(contenders: Sequence[Contender]) -> None:
    """The examples must have the exact form that is scored, or they teach the wrong one. Raises SuiteMistake."""
    seen: set[str] = set()
    for contender in contenders:
        if contender.prefix.digest in seen or not contender.prefix.examples:
            continue
        seen.add(contender.prefix.digest)
        scorer = Scorer(contender.output)
        for turn in contender.prefix.examples:
            target: Target = {} if contender.output.task_facts.object_target else turn.assistant
            score = scorer.score(Completion(turn.assistant, "end", Timing(0.0)), target)
            if score.status is not Status.OK:
                wrong = f"{turn.assistant[:60]!r} lacks the form {contender.output.form} ({score.note})"
                raise SuiteMistake(
                    ("prompts", contender.prompt, "examples"),
                    f"no example can be made: {wrong}",
                    "no examples here, or worked answers written into the system part",
                )
