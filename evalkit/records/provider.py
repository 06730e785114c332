"""What a provider is: declared once, in its own package, and asked for by name of `models.registry`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from evalkit.records.model import Role


@dataclass(frozen=True, slots=True)
class EntryKey:
    """A key of a model's entry in a suite that only some providers take: `path`, `id`, `output` or `quoting`.

    `example` is shown where a key that is `needed` is not there.
    """

    name: str
    needed: bool = False
    example: str = ""


@dataclass(frozen=True, slots=True)
class RateHeaders:
    """How a provider names the headers of one kind of rate limit, all in lower case.

    `kind` is `requests`, `tokens`, `input-tokens` or `output-tokens`. `reset` holds seconds or a duration such as
    `1m30s`; None where the provider tells nothing from which a pace can be read.
    """

    kind: str
    limit: str
    remaining: str
    reset: str | None = None


@dataclass(frozen=True, slots=True)
class SchemaRules:
    """What part of JSON Schema a vendor enforces; the rest is refused by it, and so is not sent.

    `left_out` are keywords that it refuses, `left_out_if_tuned` those that it refuses for fine-tuned models besides;
    of one in `kept_values` only these values are taken. `formats`: the values of `format` that it knows (None: any).
    `closed_objects`: every object must forbid other keys. `all_required`: every property must be required.
    `any_of_only`: of the ways to combine schemas there is only `anyOf`. `bare_refs`: nothing may stand beside a `$ref`.
    `object_root`: the whole must be an object. `own_servers`: servers that a suite names by their URL are alike.
    """

    left_out: frozenset[str] = frozenset()
    left_out_if_tuned: frozenset[str] = frozenset()
    kept_values: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    formats: frozenset[str] | None = None
    closed_objects: bool = False
    all_required: bool = False
    any_of_only: bool = False
    bare_refs: bool = False
    object_root: bool = False
    own_servers: bool = False


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    """What holds for all models of a provider.

    Asking:
    `hosted`: they are asked over a network, at an endpoint. `takes_server`: the suite may name another one, as
    `base_url`. `billed`: their calls cost money by the token; `run --max-cost` holds them. `rate_headers`: how their
    answers tell the limits of a key. `opens_anywhere`: a model opens on another machine from its entry in the suite
    alone, so that the workers of a cluster can ask it.

    Access: `key_env` and `url_env` are the variables that hold the key and the URL by default; without the latter
    `url` is asked, or what an SDK knows. Variables that begin with `env_prefix` are the provider's own: they are kept
    from everybody else's server.

    Abilities:
    `prompted`: they follow a prompt. `learns`: they are trained on `dataset.train`. `caches_prompts`: prefixes are
    cached as the suite's `cache:` asks, from `cache_minimum_tokens` on where that is the same for all models.
    `tells_ttft`: every streamed answer has a time to its first token. `takes_reasoning`: an effort of thinking can be
    asked for. `enforces_schema`: an answer can be held to a JSON Schema, of which `schema_rules` tell the part that is
    taken (None: all). `batch`: there is a batch API.

    In a suite: `takes_name`: a model is `provider/name`; else the provider stands alone. `default_role`: where the
    suite gives none; None where it must give one. `name_starts`: how the names of its models begin, to guess a provider
    that was left out. `entry_keys`: keys of a model's entry that belong to this provider.

    Installation: `packages` do the work, and their versions are kept with a run; `extra` of evalkit brings them.
    """

    name: str
    hosted: bool = False
    takes_server: bool = False
    billed: bool = False
    rate_headers: tuple[RateHeaders, ...] = ()
    opens_anywhere: bool = False
    key_env: str | None = None
    url_env: str | None = None
    url: str | None = None
    env_prefix: str | None = None
    prompted: bool = True
    learns: bool = False
    caches_prompts: bool = False
    cache_minimum_tokens: int | None = None
    tells_ttft: bool = False
    takes_reasoning: bool = False
    enforces_schema: bool = True
    schema_rules: SchemaRules | None = None
    batch: bool = False
    takes_name: bool = True
    default_role: Role | None = "prompted"
    name_starts: tuple[str, ...] = ()
    entry_keys: tuple[EntryKey, ...] = ()
    packages: tuple[str, ...] = ()
    extra: str | None = None

    @property
    def install(self) -> str:
        """The command that installs the packages."""
        what = f'"evalkit[{self.extra}]"' if self.extra else " ".join(self.packages)
        return f"pip install {what}"
