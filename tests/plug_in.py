"""A plug-in package as pip would install it: a module and its entry point, for a process of its own."""

from __future__ import annotations

import os
from pathlib import Path
from textwrap import dedent

NAME = "toycloud"

# Each call costs 16 tokens of output, and is written down where it happens.
_MODULE = """
    import os

    from evalkit.models.provider import Provider
    from evalkit.records.completion import Completion, Timing, Usage
    from evalkit.records.provider import EntryKey, ProviderFacts


    class Toy:
        max_concurrency, cacheable = None, True

        def __init__(self, spec):
            self.identity, self.notes = {{"provider": spec.provider, "model": spec.model}}, []

        async def complete(self, request):
            with open(os.environ["TOY_CALLS"], "a") as calls:
                calls.write(request.sample_id + "\\n")
            return Completion("a", "end", Timing(1.0), Usage(input=20, output=16))

        async def aclose(self):
            pass


    def open_model(spec, context):
        return Toy(spec)


    REGISTERED = {registered}
"""


def install(folder: Path, registered: str = "open_model") -> dict[str, str]:
    """Install the plug-in under `folder` and give the environment in which it is found.

    `registered` is the expression that its entry point names: a factory, or a Provider.
    """
    site = folder / "site"
    info = site / f"{NAME}-1.2.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (site / f"{NAME}.py").write_text(dedent(_MODULE).format(registered=registered))
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(f"[evalkit.models]\n{NAME} = {NAME}:REGISTERED\n")
    path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {"PYTHONPATH": path, "TOY_CALLS": str(folder / "calls.txt")}


def calls(env: dict[str, str]) -> int:
    """How often the plug-in's models were asked."""
    path = Path(env["TOY_CALLS"])
    return len(path.read_text().split()) if path.exists() else 0
