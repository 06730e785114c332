"""A schema is compiled once and never makes anything fetch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from types import MappingProxyType
from typing import Any

import pytest

from evalkit.errors import SuiteMistake
from evalkit.forms.parsing.schema_check import SchemaCheck
from evalkit.records.output import Output
from evalkit.scoring.scorer import Scorer


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """A server on the loopback that would serve a fine schema, and the paths it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"type": "object"}')

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "URL/a.json"},
        {"properties": {"deep": {"items": {"$ref": "URL/a.json#/x"}}}},
        {"$defs": {"unused": {"$ref": "URL/a.json"}}},
        {"$id": "URL/base/", "$ref": "other.json"},
        {"$schema": "URL/meta.json"},
        {"$dynamicRef": "URL/a.json"},
    ],
    ids=lambda schema: next(iter(schema)),
)
def test_remote_references_are_refused_unfetched(schema: dict[str, Any], listener: tuple[str, list[str]]) -> None:
    url, asked = listener
    here = json.loads(json.dumps(schema).replace("URL", url))
    with pytest.raises(SuiteMistake, match="output schema"):
        Scorer(Output("extract", "json", schema=here))
    assert asked == []


@pytest.mark.parametrize(
    "schema", [{"type": "nope"}, {"$ref": "#/gone"}, {"$ref": "file:///etc/hostname"}, {"pattern": "("}]
)
def test_a_wrong_schema_is_a_problem_at_once(schema: dict[str, Any]) -> None:
    with pytest.raises(SuiteMistake):
        SchemaCheck(schema)


def test_local_references_work_and_mappings_are_taken() -> None:
    inner = MappingProxyType({"type": "integer", "minimum": 2})
    check = SchemaCheck(MappingProxyType({"$ref": "#/$defs/n", "$defs": {"n": inner}}))
    assert check.problem(3) is None
    assert check.problem(1) == "minimum not met"
    assert check.problem("x") == "not of type integer"


def test_a_slow_pattern_ends() -> None:
    check = SchemaCheck({"pattern": r"^(a|b|ab)*(?=c)d$"})
    assert check.problem("ab" * 5000) == "pattern not met"


def test_the_place_is_named() -> None:
    check = SchemaCheck({"properties": {"items": {"items": {"required": ["name"]}}}})
    assert check.problem({"items": [{"name": 1}, {}]}) == "'items[1]': missing property 'name'"
