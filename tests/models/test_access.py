"""What of a key may be written down: nothing."""

from __future__ import annotations

import pytest

from evalkit.models.access import Access


def test_a_key_is_taken_out_wherever_a_server_quotes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own, and those of others that this process holds: a gateway may quote them."""
    monkeypatch.setenv("SOMEBODY_ELSES_API_KEY", "sk-other-0123456789\n")
    monkeypatch.setenv("SHORT_TOKEN", "plain")
    monkeypatch.setenv("KEYBOARD", "a-layout-of-keys")
    access = Access("sk-mine", None, False, None)
    text = "no access for sk-mine, nor for sk-other-0123456789: plain words on a-layout-of-keys"
    assert access.redact(text) == "no access for [key], nor for [key]: plain words on a-layout-of-keys"
