"""The suite file as one frozen model. Checks that need more than one part of it are here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from evalkit.errors import SuiteMistake
from evalkit.records.metric import METRICS
from evalkit.records.request import Reasoning
from evalkit.records.task import TASKS, Task, TaskFacts
from evalkit.suite.config.base import Config, ModelName, SafeName, YamlPath
from evalkit.suite.config.dataset import DatasetConfig, PromptConfig
from evalkit.suite.config.economics import DecisionConfig, EconomicsConfig
from evalkit.suite.config.gates import GatesConfig
from evalkit.suite.config.models import ModelEntry
from evalkit.suite.config.needs import GoodEnough, misplaced
from evalkit.suite.config.output import OutputConfig, unenforceable

Case = Literal["volume", "domain", "latency", "format", "quality", "brand_voice", "knowledge_base"]
DEFAULT_PROMPT = "default"


class RunConfig(Config):
    """How the asking is done. None of temperature, seed and reasoning is sent where it is unset."""

    concurrency: int = Field(32, ge=1, le=10_000, description="Requests at the same time, per model.")
    epochs: int = Field(1, ge=1, le=1000, description="How often each sample is asked.")
    temperature: float | None = Field(None, ge=0, le=2, description="Sampling temperature.")
    seed: int | None = Field(None, description="Sampling seed.")
    reasoning: Reasoning | None = Field(None, description="Thinking effort of every model that sets none.")
    timeout_s: float = Field(120.0, gt=0, le=86_400, description="Seconds that one call may take.")
    max_infra_errors: float = Field(
        0.01, ge=0, lt=1, description="Share of infrastructure errors above which a run is incomplete."
    )
    max_wait_s: float = Field(
        180.0,
        gt=0,
        le=86_400,
        description="Seconds: a provider that asks for a longer wait, or under which nothing gets through for so long, "
        "is left; the same command goes on.",
    )
    stream: bool = Field(False, description="Stream the answers, which measures the time to the first token.")


class Suite(Config):
    """One YAML file: dataset, prompts, output form, models, what is good enough, economics."""

    name: SafeName = Field(description="The suite's name, which is also the name of its folder under runs/.")
    description: str | None = Field(None, description="What the job is, in a sentence.")
    task: Task = Field("classify", description="What is asked for; it decides how answers are compared.")
    case: Case | None = Field(None, description="Why a fine-tune is considered; unset: the general questions.")
    dataset: DatasetConfig = Field(description="The labelled rows.")
    prompt: PromptConfig | None = Field(None, description="The one prompt.")
    prompts: Annotated[dict[SafeName, PromptConfig], Field(min_length=1)] = Field(
        {}, description="Several prompts by name: all run on dev, the best one on test."
    )
    output: OutputConfig = Field(description="The form that an answer must have.")
    models: Annotated[dict[ModelName, ModelEntry], Field(min_length=1)] = Field(
        description="Who is asked, by the name that every table shows."
    )
    good_enough: GoodEnough = Field(description="What the job needs of each metric.")
    run: RunConfig = Field(default_factory=RunConfig, description="How the asking is done.")
    gates: GatesConfig = Field(default_factory=GatesConfig, description="What `check` fails on.")
    decision: DecisionConfig = Field(default_factory=DecisionConfig, description="What counts as enough rows.")
    economics: EconomicsConfig | None = Field(None, description="Volume, costs and values.")

    @property
    def facts(self) -> TaskFacts:
        """What is known of the task."""
        return TASKS[self.task]

    @property
    def wants_ttft(self) -> bool:
        """Whether answers are streamed: asked for, or needed to judge the time to the first token."""
        return self.run.stream or any(METRICS[need.metric].streamed for need in self.good_enough.needs())

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        """Cross-checks; afterwards `prompts` holds every prompt, a single one under the name `default`."""
        self.require(self._mistakes())
        if self.prompt is not None:
            object.__setattr__(self, "prompts", {DEFAULT_PROMPT: self.prompt})
        return self

    def _mistakes(self) -> Iterator[SuiteMistake]:
        if self.prompt is not None and self.prompts:
            yield SuiteMistake(("prompts",), "both `prompt` and `prompts` are given", "one of them", key=True)
        if self.prompt is None and not self.prompts:
            yield SuiteMistake((), "neither `prompt` nor `prompts` is given", expected="prompt: {system: …, user: …}")
        yield from self._task_mistakes()
        yield from self._model_mistakes()
        yield from self._example_mistakes()

    def _task_mistakes(self) -> Iterator[SuiteMistake]:
        form, task = self.output.form, self.facts
        if not task.allows(form):
            expected = f"form: {' or '.join(task.forms or ())}"
            yield SuiteMistake(
                ("output", "form"), f"the task {self.task} cannot have the form {form}", expected=expected
            )
        if not task.object_target and isinstance(self.dataset.target, Mapping):
            names = " or ".join(name for name, facts in TASKS.items() if facts.object_target)
            yield SuiteMistake(
                ("dataset", "target"),
                f"a mapping of fields belongs to the task {names}",
                f"a column, or task: {names}",
            )
        key = self.output.facts.key("answer")
        if task.one_value and key is not None and self.output.answer is None:
            yield SuiteMistake(("output",), f"the task {self.task} with the form {form} needs `answer`", key.example)
        for mistake in misplaced(self.good_enough, self.task, self.output.labels is not None):
            yield replace(mistake, path=("good_enough", *mistake.path))

    def _model_mistakes(self) -> Iterator[SuiteMistake]:
        for name, model in self.models.items():
            path = ("models", name, "enforce")
            if model.enforce == "native" and (mistake := unenforceable(self.output.form, path)):
                yield mistake
            elif not model.facts.enforces_schema and (model.enforce or self.output.enforce) == "native":
                where = path if model.enforce else path[:2]
                yield SuiteMistake(where, f"{model.provider} cannot enforce a form", "enforce: prompt")
            if model.facts.learns and self.dataset.train is None:
                yield SuiteMistake(
                    ("models", name), f"a {model.provider} learns from `dataset.train`, which is not given"
                )

    def _example_mistakes(self) -> Iterator[SuiteMistake]:
        prompts: dict[YamlPath, PromptConfig] = {("prompts", name): p for name, p in self.prompts.items()}
        if self.prompt is not None:
            prompts[("prompt",)] = self.prompt
        for path, prompt in prompts.items():
            if prompt.examples is not None and prompt.examples.count and self.dataset.train is None:
                yield SuiteMistake(
                    (*path, "examples"), "examples come from `dataset.train`, which is not given", key=True
                )
