"""Recorded answers may be anybody's: the suite says whose."""

from __future__ import annotations

from typing import get_args

import pytest
from pydantic import ValidationError

from evalkit.records.model import Role
from evalkit.suite.config.models import ModelConfig
from evalkit.wording.names import ROLE


def test_recorded_answers_name_their_role() -> None:
    entry = {"model": "recorded", "path": "a.jsonl"}
    with pytest.raises(ValidationError) as error:
        ModelConfig.model_validate(entry)
    (mistake,) = error.value.errors()[0]["ctx"]["mistakes"]
    assert mistake.problem == "recorded answers need a `role`"
    assert "reference (people, or the system in use today)" in mistake.expected
    for role in get_args(Role):
        assert ModelConfig.model_validate({**entry, "role": role}).role == role


def test_every_role_has_a_name() -> None:
    assert set(ROLE) == set(get_args(Role))
