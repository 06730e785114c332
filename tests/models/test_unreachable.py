"""Why a server is not reached, as the table and the lines of a run tell it."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import aiohttp
import pytest

from evalkit.models.registry import open_model
from evalkit.models.unreachable import why
from evalkit.records.completion import Failure
from tests.engine.asking import ask_all, context, request, spec


def reason(url: str, stream: bool = False) -> str:
    """What a question to this URL ends in."""
    failure = ask_all(open_model(spec("openai", url), context(stream=stream)), [request("hi")])[0]
    assert isinstance(failure, Failure) and failure.kind == "infra"
    return failure.reason


@pytest.mark.parametrize("stream", [False, True])
def test_refused_and_unknown_are_told_in_plain_words(stream: bool) -> None:
    assert reason("http://127.0.0.1:1/v1", stream).endswith("127.0.0.1:1 refuses the connection: nothing listens there")
    assert reason("http://no-such-host.invalid/v1", stream).endswith(
        "no server is known by the name no-such-host.invalid"
    )


def test_a_server_without_tls_is_told_from_one_that_is_not_trusted() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async def run() -> Any:
        server = await asyncio.start_server(plain, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        model = open_model(spec("openai", f"https://127.0.0.1:{port}/v1"), context())
        try:
            return await model.complete(request("hi"))
        finally:
            await model.aclose()
            server.close()

    failure = asyncio.run(run())
    assert isinstance(failure, Failure) and "does not speak TLS" in failure.reason


@pytest.mark.parametrize(
    ("code", "message", "words"),
    [
        (18, "self-signed certificate", "SSL_CERT_FILE"),
        (10, "certificate has expired", "has expired"),
        (62, "Hostname mismatch, certificate is not valid for 'h'", "another name"),
    ],
)
def test_a_certificate_that_is_not_trusted(
    monkeypatch: pytest.MonkeyPatch, code: int, message: str, words: str
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/own.pem")
    refused = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED]")
    refused.verify_code, refused.verify_message = code, message
    told = why(aiohttp.ClientConnectorCertificateError(None, refused), "api.example")  # type: ignore[arg-type]
    assert words in told and "api.example" in told
    assert ("REQUESTS_CA_BUNDLE is not read" in told) is (words == "SSL_CERT_FILE")
