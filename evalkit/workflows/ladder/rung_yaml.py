"""A rung of the ladder as it stands in a suite file."""

from __future__ import annotations

import re
from typing import Any

from evalkit.store.manifest import PromptText
from evalkit.suite.config.suite import Suite

_COUNT = re.compile(r"(?:ladder-)?examples-(\d+)")
_SEED = 7


def prompt_yaml(suite: Suite, name: str, texts: PromptText) -> str:
    """`name: {system: …, examples: …, user: …}` as block YAML; asked so, a model gets what it got on the ladder."""
    import yaml

    class Blocks(yaml.SafeDumper):
        """Texts of several lines stand as blocks."""

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    Blocks.add_representer(str, text)
    prompt: dict[str, Any] = {"system": texts.system or ""}
    count = _COUNT.fullmatch(name)
    if name in suite.prompts:
        declared = suite.prompts[name].examples
        if declared is not None:
            prompt["examples"] = declared.model_dump()
    elif count is not None:
        seeds = [p.examples.seed for p in suite.prompts.values() if p.examples is not None]
        prompt["examples"] = {"count": int(count[1]), "pick": "stratified", "seed": seeds[0] if seeds else _SEED}
    prompt["user"] = texts.user or ""
    return str(yaml.dump({name: prompt}, Dumper=Blocks, sort_keys=False, allow_unicode=True, width=1000))
