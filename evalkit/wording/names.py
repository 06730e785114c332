"""Names in words for a reader who does not know the code: states, roles, methods, statuses, inputs, options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evalkit.records.metric import METRICS
from evalkit.wording.numbers import calls, change, money, number, share
from evalkit.wording.text import listed

OUTCOME: Mapping[str, str] = {"FUND": "FUND", "RULE_OUT": "RULE OUT", "NOT_YET": "NOT YET"}
ANSWER: Mapping[str, str] = {
    "for": "for a fine-tune",
    "against": "against",
    "undecided": "undecided",
    "not_applicable": "does not apply",
}
OPTION: Mapping[str, str] = {"5m": "5 min cache", "1h": "1 h cache"}
QUESTION: Mapping[int, str] = {
    1: "What does prompting give?",
    2: "Are there enough labelled examples?",
    3: "Does the volume justify it?",
}
STATUS: Mapping[str, str] = {"format_invalid": "in an invalid form", "infra_error": "lost to infrastructure"}
ROLE: Mapping[str, str] = {
    "frontier": "frontier",
    "prompted": "prompted",
    "fine_tuned": "fine-tuned",
    "floor": "reference",
    "reference": "in use today",
}
VOUCH: Mapping[str, str] = {
    "prompt": "the prompt (that its headroom is used up)",
    "labels": "the labels (that they are correct)",
    "format": "the format (that its gap survives native structured output)",
}
METHOD: Mapping[str, str] = {
    "wilson": "Wilson score interval for a proportion of independent rows",
    "wilson_clustered": "Wilson score interval at the effective number of rows: n divided by the design effect of the "
    "clusters, with t quantiles",
    "wilson_epochs": "Wilson score interval at the effective number of rows; the asks of one row are a cluster",
    "wilson_no_spread": "Wilson score interval, because no resample differed from the figure",
    "bootstrap_bca": "bootstrap over rows or clusters, bias-corrected and accelerated (BCa)",
    "bootstrap_percentile": "bootstrap over rows or clusters, plain percentiles because BCa degenerates",
    "bootstrap_few": "bootstrap over rows or clusters, made wider by gamma bounds with one more mistake, because a "
    "class has few rows",
    "order_statistic": "order statistics of the sample (distribution-free)",
    "t": "Student's t interval for a mean",
    "t_clustered": "Student's t interval for a mean over clusters",
    "tango": "Tango's score interval for a paired difference",
    "paired_bootstrap": "paired bootstrap over clusters",
}
RULES_OF_THUMB = (
    "10 M calls a month",
    "30–60 % cheaper per call",
    "a build of $15,000–60,000",
    "hosting of $200–2,000 a month",
)
_INPUT: Mapping[str, str] = {
    "calls_per_month": "Calls a month",
    "build_cost": "Build cost",
    "label_cost_each": "Cost of a label",
    "hosting_per_month": "Hosting a month",
    "tuned_cost_per_1000_calls": "Fine-tuned, 1,000 calls",
    "tuned_accuracy": "Fine-tuned accuracy",
    "operations_per_month": "People a month",
    "retrain_cost": "Cost of a retraining",
    "retrains_per_year": "Retrainings a year",
    "prompted_price_change_per_year": "Price change a year",
    "value_of_a_correct_answer": "Value of a correct answer",
    "value_of_meeting_need_per_month": "Value of the need a month",
}
_DOLLARS = ("cost", "value", "hosting", "operations", "price", "build")
_NO_KEY: Mapping[str, str] = {"models": "a measured prompted model with a known price"}


def metric(name: str) -> str:
    """A metric's name in words."""
    known = METRICS.get(name)
    return known.words if known is not None else name.replace("_", " ")


def status(name: str) -> str:
    """What became of an answer, in words."""
    return STATUS.get(name) or name.replace("_", " ")


def not_ok(counts: Mapping[str, int] | None) -> list[str]:
    """Everything that is not plainly ok, each with its number: `5 in an invalid form`."""
    return [f"{n:,} {status(name)}" for name, n in (counts or {}).items() if n and name != "ok"]


def method(name: str) -> str:
    """How an interval was found, in words."""
    return METHOD.get(name) or name.replace("_", " ")


def input_name(name: str) -> str:
    """An economic input in words."""
    return _INPUT.get(name) or name.replace("_", " ").capitalize()


def input_value(name: str, value: float) -> str:
    """An economic input in its unit, told by its name."""
    if "calls_per" in name:
        return calls(value)
    if "accuracy" in name or "share" in name:
        return share(value)
    if "change" in name:
        return change(value)
    return money(value) if any(word in name for word in _DOLLARS) else number(value)


def what_is_missing(keys: Sequence[str]) -> str:
    """What a computation lacks: the suite's keys, and in words what no key declares."""
    return listed([_NO_KEY.get(key, f"`{key}`") for key in keys])
