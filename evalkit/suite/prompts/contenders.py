"""Who competes: each model × prompt × way of enforcing the form, with its prefix and its requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evalkit.errors import SuiteMistake
from evalkit.forms.table import form_of
from evalkit.models.registry import schema_for
from evalkit.records.model import ModelSpec
from evalkit.records.output import Output
from evalkit.records.request import Parameters, Prefix, Request, Turn
from evalkit.records.sample import Sample
from evalkit.suite.config.models import ModelConfig
from evalkit.suite.open import OpenSuite
from evalkit.suite.prompts.template import Template, make_prefix


@dataclass(frozen=True)
class Contender:
    """One line of the comparison. `skipped` is the reason why it cannot be asked, known before the run.

    `limit` caps the test samples of a slow model; the suite's own limit is not repeated here.
    """

    id: str
    spec: ModelSpec
    prompt: str
    output: Output
    prefix: Prefix
    user: Template
    given: Mapping[str, Any]
    parameters: Parameters
    concurrency: int
    limit: int | None = None
    skipped: str | None = None

    def request(self, sample: Sample, epoch: int = 0) -> Request:
        """What is sent for one sample. Raises SuiteMistake for a row that the template cannot render."""
        try:
            suffix = self.user.render({**self.given, **sample.fields})
        except SuiteMistake as mistake:
            raise mistake.of(f"sample {sample.id}") from None
        return Request(self.prefix, suffix, self.parameters, sample.id, epoch)


def samples_of(suite: OpenSuite, contender: Contender, split: str) -> int:
    """How many samples of a split a contender is asked."""
    n = suite.dataset.splits[split].n
    return n if split != "test" or contender.limit is None else min(n, contender.limit)


def contenders(suite: OpenSuite, prompts: tuple[str, ...] | None = None) -> list[Contender]:
    """All contenders of the named prompts (default: all), in the order of the suite. Raises SuiteMistake."""
    names = prompts or tuple(suite.loaded.suite.prompts)
    builder = _Builder(suite)
    models = suite.loaded.suite.models.items()
    return [builder.contender(model, config, prompt) for prompt in names for model, config in models]


def output_of(suite: OpenSuite, enforce: str) -> Output:
    """The declared output, with its labels and schema resolved."""
    config = suite.loaded.suite.output
    return Output(
        task=suite.loaded.suite.task,
        form=config.form,
        labels=suite.dataset.labels,
        schema=suite.loaded.json_schema,
        answer=config.answer,
        pattern=config.pattern,
        enforce="native" if enforce == "native" else "prompt",
    )


class _Builder:
    """Builds contenders; a prefix is made once per prompt and way of enforcing, and shared."""

    def __init__(self, suite: OpenSuite) -> None:
        self.suite = suite
        self.given = suite.given
        self._prefixes: dict[tuple[str, str], Prefix] = {}

    def contender(self, name: str, config: ModelConfig, prompt: str) -> Contender:
        loaded = self.suite.loaded
        run = loaded.suite.run
        output = output_of(self.suite, config.enforce or loaded.suite.output.enforce)
        form, prefix = form_of(output), self._prefix(prompt, output)
        parameters = Parameters(
            max_tokens=config.max_tokens or loaded.suite.output.max_tokens,
            temperature=run.temperature if config.temperature is None else config.temperature,
            seed=run.seed,
            reasoning=config.reasoning or run.reasoning,
            schema=form.native_schema(output) if output.enforce == "native" else None,
            labels=output.labels,
            stop=form.stop(output),
            cache_ttl=loaded.suite.prompts[prompt].cache,
        )
        spec = config.to_spec(name, loaded.directory)
        return Contender(
            id=f"{name}/{prompt}/{output.enforce}",
            spec=spec,
            prompt=prompt,
            output=output,
            prefix=prefix,
            user=self.suite.prompts[prompt].user,
            given=self.given,
            parameters=parameters,
            concurrency=config.concurrency or run.concurrency,
            limit=config.limit,
            skipped=_unset(config.missing_env) or _not_enforceable(spec, parameters.schema),
        )

    def _prefix(self, prompt: str, output: Output) -> Prefix:
        known = (prompt, output.enforce)
        if known not in self._prefixes:
            turns = self._turns(prompt, output)
            self._prefixes[known] = make_prefix(self.suite.prompts[prompt].system.render(self.given).strip(), turns)
        return self._prefixes[known]

    def _turns(self, prompt: str, output: Output) -> list[Turn]:
        examples = self.suite.loaded.suite.prompts[prompt].examples
        if examples is None or examples.count == 0:
            return []
        user = self.suite.prompts[prompt].user
        turns = []
        for sample in self.suite.dataset.examples(examples.count, examples.pick, examples.seed):
            try:
                turns.append(Turn(user.render({**self.given, **sample.fields}), self._wanted(sample, output)))
            except SuiteMistake as mistake:
                raise mistake.of(f"sample {sample.id}") from None
        return turns

    def _wanted(self, sample: Sample, output: Output) -> str:
        """The right answer in the form that is scored."""
        column = self.suite.loaded.suite.dataset.target
        cell = sample.fields[column] if isinstance(column, str) else sample.target
        return form_of(output).example(output, sample.target, cell)


def _unset(names: tuple[str, ...]) -> str | None:
    if not names:
        return None
    return f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} not set"


def _not_enforceable(spec: ModelSpec, schema: Mapping[str, Any] | None) -> str | None:
    """Why a provider would refuse every request: its structured output cannot hold answers to this schema."""
    problems = () if schema is None else schema_for(spec, schema).problems
    if not problems:
        return None
    more = f" (and {len(problems) - 2} more)" if len(problems) > 2 else ""
    return (
        f"the structured output of {spec.provider} cannot enforce {' and '.join(problems[:2])}{more}: change "
        "`output.schema`, or ask with `enforce: prompt`"
    )
