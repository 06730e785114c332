"""What servers say when they do not answer, one example and more for each line of the table of failures.

Each is given with what it means. `body` goes over the wire as it is; a text is sent as text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evalkit.records.completion import FailureKind


@dataclass(frozen=True)
class Said:
    """An error of a server, and what it means."""

    status: int
    body: Mapping[str, Any] | str
    kind: FailureKind
    cause: str | None = None
    retry: bool = False

    def __str__(self) -> str:
        return f"{self.status} {self.cause or self.kind} {self.message[:40]}"

    @property
    def message(self) -> str:
        """Some of its words, which a failure must keep."""
        if isinstance(self.body, str):
            return self.body
        error = self.body.get("error", self.body.get("detail"))
        return str(error["message"]) if isinstance(error, Mapping) else str(error)


def _error(message: str, code: str | int | None = None, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "code": code, **more}}


def _spend(status: int, message: str, code: str | None = None) -> Said:
    return Said(status, _error(message, code), "fatal", "spend")


_CONTEXT = "This model's maximum context length is 100 tokens. However, you requested 130 tokens"

EXAMPLES: tuple[Said, ...] = (
    # money
    _spend(400, "You have reached your specified workspace API usage limits. Access returns on 2031-01-01."),
    _spend(400, "Your credit balance is too low for this request."),
    _spend(400, "Budget has been exceeded! Current cost: 12.5, Max budget: 10.0"),
    _spend(400, "ExceededBudget: team is over budget. Spend=3.1, Budget=3.0"),
    _spend(402, "Insufficient Balance"),
    _spend(402, "This request requires more credits, or fewer max_tokens. You can only afford 12."),
    _spend(403, "Key limit exceeded (total limit)."),
    _spend(403, "Your team has used all available credits or reached its monthly spending limit."),
    _spend(429, "No funds left", "insufficient_quota"),
    _spend(429, "You exceeded your current quota, please check your plan and billing details."),
    _spend(429, "Access is paused", "billing_hard_limit_reached"),
    # a quota of the day or the month
    Said(429, _error("Rate limit exceeded: free-models-per-day", 429), "fatal", "quota"),
    Said(
        429, _error("Limit reached on tokens per day (TPD): Limit 100, Used 99. Try again in 9m3s."), "fatal", "quota"
    ),
    Said(429, _error("Too many tokens per day, please wait before trying again."), "fatal", "quota"),
    # the account, the key, the model
    Said(400, _error("This organization has been disabled."), "fatal", "account"),
    Said(412, _error("Account ab-1 is suspended, see the billing page"), "fatal", "account"),
    Said(
        403,
        _error("Country, region, or territory not supported", "unsupported_country_region_territory"),
        "fatal",
        "account",
    ),
    Said(400, json.dumps([{"error": {"message": "API key not valid. Please pass a valid API key."}}]), "fatal", "key"),
    Said(401, _error("Incorrect API key provided", "invalid_api_key"), "fatal", "key"),
    Said(401, {"detail": "Unauthorized"}, "fatal", "key"),
    Said(403, _error("You do not have permission to use this resource."), "fatal", "access"),
    Said(404, _error("There is nothing by this name", "model_not_found"), "fatal", "model"),
    Said(404, _error("The model `gpt-0` does not exist."), "fatal", "model"),
    Said(400, _error("some/name is not a valid model ID", 400), "fatal", "model"),
    # a set-up that never fits
    Said(
        400,
        _error("max_tokens: 99999 > 64000, which is the maximum allowed number of output tokens"),
        "fatal",
        "max_tokens",
    ),
    Said(
        400,
        _error(f"{_CONTEXT} (20 in the messages, 110 in the completion)."),
        "fatal",
        "max_tokens",
    ),
    # the sample's
    Said(400, _error("The prompt was filtered", "content_filter"), "rejected", "moderation"),
    Said(
        403,
        _error("Input flagged", 403, metadata={"reasons": ["violence"], "flagged_input": "x"}),
        "rejected",
        "moderation",
    ),
    Said(400, _error("Your request was flagged by our usage policy check."), "rejected", "moderation"),
    Said(400, _error("Content Exists Risk"), "rejected", "moderation"),
    Said(451, _error("Blocked by the guardrail of this gateway"), "rejected", "moderation"),
    Said(400, _error("Try another prompt", "invalid_prompt"), "rejected", "moderation"),
    Said(400, _error("It does not fit", "context_length_exceeded"), "rejected", "context"),
    Said(400, _error("prompt is too long: 210000 tokens > 200000 maximum"), "rejected", "context"),
    Said(
        400,
        _error(f"{_CONTEXT} (120 in the messages, 10 in the completion)."),
        "rejected",
        "context",
    ),
    Said(413, "Payload Too Large", "rejected", "context"),
    # trouble that passes
    Said(424, {"error": "Request failed during generation", "error_type": "generation"}, "infra", None, True),
    Said(498, _error("Flex tier capacity exceeded", "capacity_exceeded"), "infra", None, True),
    Said(400, _error("Upstream request timed out"), "infra", None, True),
    Said(429, _error("Quota exceeded for requests per minute. Please retry in 0.01s."), "infra", None, True),
    Said(503, "no healthy upstream", "infra", None, True),
    Said(413, _error("Request too large for m on tokens per min (TPM): Limit 10, Requested 12."), "infra"),
    # what nobody knows: evidence decides
    Said(401, _error("Nope"), "fatal"),
    Said(404, "<html><head><title>404 Not Found</title></head><body>nginx</body></html>", "fatal"),
    Said(400, _error("Bad thing at 0x7f3a"), "ambiguous"),
    Said(403, _error("Forbidden"), "ambiguous"),
    Said(409, _error("Conflict"), "ambiguous"),
    Said(422, {"detail": [{"loc": ["body", "messages"], "msg": "Value error"}]}, "ambiguous"),
    Said(423, _error("Locked"), "ambiguous"),
    Said(499, "closed", "ambiguous"),
)
