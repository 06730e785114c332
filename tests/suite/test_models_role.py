"""Recorded answers may be anybody's: the suite says whose."""

from __future__ import annotations

from typing import get_args

from evalkit.records.model import Role
from evalkit.suite.config.models import ModelConfig
from evalkit.wording.names import ROLE


def test_recorded_answers_without_a_role_are_no_evidence() -> None:
    """They may be people's. Who wants them as evidence says so."""
    entry = {"model": "recorded", "path": "a.jsonl"}
    left_out = ModelConfig.model_validate(entry)
    assert (left_out.role, left_out.names_no_role) == ("reference", True)
    for role in get_args(Role):
        named = ModelConfig.model_validate({**entry, "role": role})
        assert (named.role, named.names_no_role) == (role, False)
    assert not ModelConfig.model_validate({"model": "anthropic/claude-haiku-5-5"}).names_no_role


def test_every_role_has_a_name() -> None:
    assert set(ROLE) == set(get_args(Role))
