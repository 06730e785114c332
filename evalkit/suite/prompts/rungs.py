"""Ready-made prompts for the ladder, derived from a prompt of the suite: no text comes from a model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from evalkit.errors import SuiteError
from evalkit.quote import nearest
from evalkit.records.request import Reasoning
from evalkit.suite.config.dataset import Examples, PromptConfig
from evalkit.suite.file.loaded import PromptTexts
from evalkit.suite.open import OpenSuite
from evalkit.suite.prompts.cells import NullIs
from evalkit.suite.prompts.template import PromptTemplates

Kind = Literal["zero-shot", "label-guide", "examples", "reasoning"]
DEFAULT_RUNGS = ("zero-shot", "label-guide", "4", "8", "16", "32", "reasoning")
_LEVELS: tuple[Reasoning, ...] = get_args(Reasoning)
_DEFAULT_LEVEL: Reasoning = "medium"
_COUNT = re.compile(r"(?:examples-)?(\d{1,4})")
_PICK: Literal["stratified"] = "stratified"
_SEED = 7
_BLOCK = re.compile(r"\{[{%#]")  # what Jinja2 would read as its own


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the ladder: `count` examples, or a `level` of reasoning."""

    kind: Kind
    count: int = 0
    level: Reasoning | None = None

    @property
    def name(self) -> str:
        """Its name in every table: `examples-8`, `reasoning-medium`."""
        if self.kind == "examples":
            return f"examples-{self.count}"
        return f"reasoning-{self.level}" if self.kind == "reasoning" else self.kind

    @property
    def order(self) -> tuple[int, int]:
        """Where it stands: the ladder is always climbed the same way."""
        return get_args(Kind).index(self.kind), self.count if self.level is None else _LEVELS.index(self.level)


def parse_rungs(names: Sequence[str]) -> tuple[Rung, ...]:
    """Rungs by name, in the order of climbing: `zero-shot`, `label-guide` (or `guide`), `8` (or `examples-8`),
    `reasoning` (medium) or `reasoning-low`. Raises SuiteError for anything else."""
    words = [word.strip() for name in names for word in name.split(",") if word.strip()]
    return tuple(sorted({_rung(word) for word in words or DEFAULT_RUNGS}, key=lambda rung: rung.order))


def _rung(word: str) -> Rung:
    known: dict[str, Rung] = {"zero-shot": Rung("zero-shot")}
    known |= dict.fromkeys(("label-guide", "guide"), Rung("label-guide"))
    known |= {f"reasoning-{level}": Rung("reasoning", level=level) for level in _LEVELS if level != "off"}
    known["reasoning"] = Rung("reasoning", level=_DEFAULT_LEVEL)
    if word in known:
        return known[word]
    count = _COUNT.fullmatch(word)
    if count is None or not int(count[1]):
        expected = "zero-shot, label-guide, a number of examples, reasoning-low, reasoning-medium or reasoning-high"
        raise SuiteError(f"no rung `{word}`", expected=expected, hint=nearest(word, known))
    return Rung("examples", int(count[1]))


@dataclass(frozen=True, slots=True)
class RungPrompt:
    """A prompt of the ladder as the suite would declare it; `system` and `user` are templates."""

    name: str
    system: str
    user: str
    examples: Examples | None
    cache: Literal["5m", "1h", "off"]
    null_is: NullIs = "error"

    @property
    def config(self) -> PromptConfig:
        """The same as a declaration."""
        return PromptConfig(
            system=self.system, user=self.user, examples=self.examples, cache=self.cache, null_is=self.null_is
        )


def rung_prompts(
    suite: OpenSuite, base: str, rungs: Sequence[Rung], guide: str | None, *, guided: bool
) -> tuple[list[RungPrompt], dict[str, str]]:
    """The prompts of these rungs (reasoning is none), and `{rung: reason}` for those that cannot be made.

    `base` is the suite's prompt that they are derived from: its system text without `guide`, its user part, its cache.
    With `guided`, rungs with examples keep the guide. The examples are those that the suite itself would pick with
    this count, stratified and seeded, so that a larger set contains the smaller ones.
    """
    texts, config = suite.loaded.prompt_texts[base], suite.loaded.suite.prompts[base]
    bare = without_guide(texts.system, guide)
    taken = set(suite.loaded.suite.prompts)
    seed = config.examples.seed if config.examples is not None else _SEED
    made: list[RungPrompt] = []
    skipped: dict[str, str] = {}
    for rung in rungs:
        if rung.kind == "reasoning":
            continue
        name = rung.name if rung.name not in taken else f"ladder-{rung.name}"
        if (reason := _cannot(suite, rung, guide, seed)) is not None:
            skipped[name] = reason
            continue
        keeps = rung.kind == "label-guide" or (rung.kind == "examples" and guided)
        system = f"{bare}\n\n{_raw(guide)}".lstrip() if keeps and guide is not None else bare
        examples = Examples(count=rung.count, pick=_PICK, seed=seed) if rung.kind == "examples" else None
        made.append(RungPrompt(name, system, texts.user, examples, config.cache, config.null_is))
    return made, skipped


def without_guide(system: str, guide: str | None) -> str:
    """A system text without the guide that an earlier climb put into it."""
    if guide is None:
        return system.rstrip()
    return system.replace(_raw(guide), "").rstrip()


def with_prompts(suite: OpenSuite, prompts: Sequence[RungPrompt]) -> OpenSuite:
    """The same suite and data with these prompts besides its own."""
    loaded = suite.loaded
    declared = {**loaded.suite.prompts, **{p.name: p.config for p in prompts}}
    texts: Mapping[str, PromptTexts] = {p.name: PromptTexts(p.system, p.user) for p in prompts}
    templates = {p.name: PromptTemplates.parse(p.name, p.system, p.user, p.null_is) for p in prompts}
    more = replace(
        loaded,
        suite=loaded.suite.model_copy(update={"prompt": None, "prompts": declared}),
        files=replace(loaded.files, prompt_texts={**loaded.prompt_texts, **texts}),
    )
    return replace(suite, loaded=more, prompts={**suite.prompts, **templates})


def higher_reasoning(asked: Reasoning, given: Reasoning | None) -> Reasoning | None:
    """The level of a reasoning rung for a model that the suite gives `given` already; None where nothing is above."""
    if given is None or _LEVELS.index(asked) > _LEVELS.index(given):
        return asked
    above = _LEVELS.index(given) + 1
    return _LEVELS[above] if above < len(_LEVELS) else None


def _cannot(suite: OpenSuite, rung: Rung, guide: str | None, seed: int) -> str | None:
    if rung.kind == "label-guide" and guide is None:
        return "no guide can be derived: no labels with train rows, and no form to describe"
    if rung.kind != "examples":
        return None
    if "train" not in suite.dataset.splits:
        return "examples come from `dataset.train`, which is not given"
    found = len(suite.dataset.examples(rung.count, _PICK, seed))
    return f"train gives {found} examples" if found < rung.count else None


def _raw(guide: str) -> str:
    """The guide as a template that renders to itself."""
    return f"{{% raw %}}{guide}{{% endraw %}}" if _BLOCK.search(guide) else guide
