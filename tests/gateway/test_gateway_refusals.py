"""What does not pass: other tokens, other places for them, other requests than questions."""

from __future__ import annotations

import gzip
import json
import ssl
import subprocess
import zlib

import pytest
from raw_upstream import RawUpstream, whole

from posttrainbench.errors import InputError, MissingRequirementError
from posttrainbench.gateway import Route
from posttrainbench.gateway.gateway import Gateway
from posttrainbench.gateway.paths import refusal

APIS = ("anthropic", "openai-responses", "openai-chat", "gemini")
PLACES = ("Authorization", "x-api-key", "x-goog-api-key", "api-key", "?key")


def in_place(where: str, value: str) -> tuple[str, dict[str, str]]:
    """Query and headers with a credential in one place."""
    if where == "?key":
        return f"?alt=sse&key={value}&z=1", {}
    return "", {where: f"Bearer {value}" if where == "Authorization" else value}


@pytest.mark.parametrize("where", PLACES)
def test_the_key_takes_the_very_place_of_the_token(place, key, where):
    here = place(api="openai-chat")
    query, headers = in_place(where, here.token)
    path = f"/v1/chat/completions{query}"
    assert here.ask({}, path=path, headers=headers)[0] == 200
    [got] = here.upstream.received
    query, headers = in_place(where, key)
    assert got.target == f"/v1/chat/completions{query}"
    kept = {n: v for n, v in got.fields if n in (*headers, "Authorization", "x-api-key")}
    assert kept == headers
    assert here.token not in str(got)


@pytest.mark.parametrize("where", PLACES)
def test_an_endpoint_without_a_key_gets_none(place, where):
    here = place(api="openai-chat", key="")
    query, headers = in_place(where, here.token)
    assert here.ask({}, path=f"/v1/chat/completions{query}", headers=headers)[0] == 200
    [got] = here.upstream.received
    assert here.token not in str(got)
    assert not {name.lower() for name, _ in got.fields} & {p.lower() for p in PLACES}
    assert "key=" not in got.target


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    "headers",
    [
        {}, {"x-api-key": ""}, {"x-api-key": "other"}, {"x-api-key": "{t}x"},
        {"Authorization": "{t}"}, {"Authorization": "Basic {t}"}, {"Authorization": "Bearer"},
        {"x-token": "{t}"}, {"x-api-key": "{t}", "Authorization": "Bearer other"},
        {"x-api-key": "{t}", "Authorization": "Basic abc"}, {"x-api-key": "\xe9\xff"},
        {"Cookie": "key={t}"},
    ],
    ids=str,
)  # fmt: skip
def test_no_other_token_and_no_other_place(place, api, headers):
    here = place(api=api)
    given = {name: value.replace("{t}", here.token) for name, value in headers.items()}
    status, _, body = here.ask(headers=given)
    assert status in (400, 401)
    assert here.upstream.received == []
    assert "error" in json.loads(body)
    assert here.gateway.counts("agent") == (0, 1)
    [line] = here.lines()
    assert line["refused"]


def test_two_fields_of_one_name(place):
    here = place()
    connection = here.raw(
        f"POST /agent/v1/messages HTTP/1.1\nHost: x\nx-api-key: {here.token}\n"
        "x-api-key: other\nContent-Length: 2\n\n", b"{}",
    )  # fmt: skip
    assert connection.recv(100).startswith(b"HTTP/1.1 401")
    connection.close()


def test_two_keys_in_the_query(place):
    here = place(api="gemini")
    path = f"/v1beta/models/m:generateContent?key={here.token}&key=other"
    assert here.ask({}, path=path, headers={})[0] == 401


def test_a_token_opens_only_its_own_route(place, key):
    other = Route("grader", "openai-chat", "http://127.0.0.1:1/v1", key)
    here = place(more=(other,))
    grader = here.gateway.endpoint("grader").key
    assert grader != here.token
    assert here.ask(token=grader)[0] == 401
    assert here.ask(route="grader", path="/chat/completions")[0] == 401
    assert here.ask(route="nobody")[0] == 404
    assert here.ask(path="", method="HEAD", headers={})[0] == 200  # only says that we are here
    assert here.upstream.received == []


@pytest.mark.parametrize(
    ("api", "error"),
    [
        ("anthropic", {"type": "authentication_error", "message": "{m}"}),
        ("openai-chat",
         {"type": "authentication_error", "message": "{m}", "param": None, "code": None}),
        ("gemini", {"code": 401, "status": "UNAUTHENTICATED", "message": "{m}"}),
    ],
)  # fmt: skip
def test_a_refusal_has_the_shape_of_the_api(place, api, error):
    _, fields, body = place(api=api).ask(token="x")
    words = "posttrainbench gateway: this is not the run's token for this route"
    document = json.loads(body)
    assert document["error"] == {**error, "message": words}
    assert document.get("type", "error") == "error"
    assert fields["Content-Type"].startswith("application/json")


GOOD = {
    "anthropic": [
        "POST /v1/messages", "POST /messages", "POST /v1/messages/count_tokens",
        "GET /v1/models", "GET /v1/models/claude-sonnet-4-5", "GET /models",
    ],
    "openai-responses": ["POST /v1/responses", "POST /responses", "GET /v1/models/gpt-5.5"],
    "openai-chat": ["POST /v1/chat/completions", "POST /v4/chat/completions",
                    "GET /models/meta/llama-3:free"],
    "gemini": [
        "POST /v1beta/models/gemini-2.5-pro:generateContent", "POST /v1/models/m:countTokens",
        "POST /v1beta/models/gemini-2.5-pro:streamGenerateContent", "GET /v1beta/models",
    ],
}  # fmt: skip
BAD = {
    "anthropic": [
        "POST /v1/messages/batches", "GET /v1/messages/batches", "POST /v1/files", "GET /v1/files",
        "POST /v1/organizations/x/api_keys", "POST /v1/complete", "DELETE /v1/models/m",
        "PUT /v1/messages", "GET /v1/messages", "POST /v1/models", "OPTIONS /v1/messages",
    ],
    "openai-responses": [
        "GET /v1/responses/resp_1", "POST /v1/responses/resp_1/cancel", "DELETE /v1/responses/r",
        "POST /v1/files", "POST /v1/fine_tuning/jobs", "POST /v1/batches",
        "POST /v1/chat/completions", "POST /v1/images/generations",
        "GET /v1/responses/x/input_items",
    ],
    "openai-chat": [
        "POST /v1/responses", "POST /v1/embeddings", "GET /v1/chat/completions",
        "POST /v1/completions", "POST /v1/vector_stores",
    ],
    "gemini": [
        "POST /v1beta/models/m:embedContent", "POST /v1beta/models/m:batchGenerateContent",
        "POST /v1beta/cachedContents", "GET /v1beta/files", "POST /upload/v1beta/files",
        "POST /v1beta/tunedModels", "POST /v1beta/models/m:predictLongRunning",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("api", "line"), [(api, line) for api in GOOD for line in GOOD[api]])
def test_questions_pass(api, line):
    assert refusal(api, *line.split()) == ""


@pytest.mark.parametrize(("api", "line"), [(api, line) for api in BAD for line in BAD[api]])
def test_other_requests_do_not_pass(api, line):
    assert "is no question to a model" in refusal(api, *line.split())


@pytest.mark.parametrize(
    "path",
    [
        "/v1/models/../files", "/v1/models/..", "/v1/./models", "/v1/models/%2e%2e/files",
        "/v1/models/%2E%2E%2Ffiles", "/v1/models/..%2ffiles", "//v1/models", "/v1//models",
        "/v1/models/", "/v1/models/a%00", "/v1/models\\..\\files", "/v1/models/..;/files",
        "/v1/models#x", "/v1/models/%252e%252e/files", "/v1/models/é", "/v1/models/a\tb",
        "@other.host/v1/models", "", "/", "/v1/models/~", "/v1/models/a b",
    ],
)  # fmt: skip
def test_no_path_leads_elsewhere(path):
    assert refusal("openai-chat", "GET", path)


@pytest.mark.parametrize(
    "target",
    [
        "/agent/../grader/v1/models", "/agent/v1/models/../../files", "/agent//evil.host/v1/models",
        "//agent/v1/models", "http://evil.host/agent/v1/models", "/agent/v1/models%2f..%2ffiles",
        "/agent/v1/models?x#y", "*", "/agent@evil.host/v1/models", "/agent/v1/models?\xff",
        "/", "/agent", "/agent:80/v1/models",
    ],
)  # fmt: skip
def test_no_target_leads_elsewhere(place, target):
    here = place(api="openai-chat")
    connection = here.raw(
        f"GET {target} HTTP/1.1\nHost: evil.host\nAuthorization: Bearer {here.token}\n\n"
    )
    status = int(connection.recv(200).split()[1])
    connection.close()
    assert 400 <= status < 500
    assert here.upstream.received == []


def test_a_line_end_cannot_be_smuggled(place):
    here = place()
    for bad in ("a\rb: c", "a\0b", "a\x0bb"):
        connection = here.raw(
            f"GET /agent/v1/models HTTP/1.1\nHost: x\nx-api-key: {here.token}\nX-A: {bad}\n\n"
        )
        assert connection.recv(200).startswith((b"HTTP/1.0 400", b"HTTP/1.1 400"))
        connection.close()
    assert here.upstream.received == []


def test_two_lengths_are_refused(place):
    here = place()
    connection = here.raw(
        f"POST /agent/v1/messages HTTP/1.1\nHost: x\nx-api-key: {here.token}\n"
        "Content-Length: 2\nTransfer-Encoding: chunked\n\n", b"{}",
    )  # fmt: skip
    assert connection.recv(200).startswith((b"HTTP/1.0 400", b"HTTP/1.1 400"))
    connection.close()
    assert here.upstream.received == []


def test_no_websockets(place):
    here = place(api="openai-responses")
    headers = {**here.fields(), "Upgrade": "websocket", "Connection": "Upgrade",
               "Sec-WebSocket-Key": "x", "Sec-WebSocket-Version": "13"}  # fmt: skip
    assert here.ask(method="GET", headers=headers)[0] == 426


@pytest.mark.parametrize(
    "body",
    [
        b"", b"no json", b"[1]", b'"x"', b'{"a":1', b"{}{}", b"\xff{}", "{}".encode("utf-16"),
        b'{"background": false, "background": true}', b'{"x": {"a": 1, "a": 2}}',
        b"[" * 100_000, b'{"n": ' + b"9" * 5000 + b"}",
    ],
    ids=lambda body: repr(body[:20]),
)  # fmt: skip
def test_only_plain_json_passes(place, body):
    here = place()
    assert here.ask(body)[0] == 400
    assert here.upstream.received == []


@pytest.mark.parametrize("key", ["background", "Background"])
def test_nothing_in_the_background(place, key):
    here = place(api="openai-responses")
    assert here.ask({"model": "m", key: False})[0] == 200
    status, _, body = here.ask({"model": "m", key: True})
    assert status == 403
    assert "background" in json.loads(body)["error"]["message"]
    assert len(here.upstream.received) == 1


def test_a_packed_request_is_looked_into(place):
    here = place(api="openai-responses")
    for encoding, pack in (("gzip", gzip.compress), ("deflate", zlib.compress)):
        headers = {**here.fields(), "Content-Encoding": encoding}
        good = pack(b'{"model": "m"}')
        assert here.ask(good, headers=headers)[0] == 200
        assert here.upstream.received[-1].body == good
        assert here.ask(pack(b'{"background": true}'), headers=headers)[0] == 403
        assert here.ask(good + b"{}", headers=headers)[0] == 400
    assert here.ask(b"x", headers={**here.fields(), "Content-Encoding": "zstd"})[0] == 415


def test_a_bomb_is_refused(place):
    here = place()
    headers = {**here.fields(), "Content-Encoding": "gzip"}
    bomb = gzip.compress(b'{"a": "' + b" " * (201 << 20) + b'"}', 1)
    assert here.ask(bomb, headers=headers)[0] == 400
    assert here.ask(b'{"a": [' + b"[]," * 2_100_000 + b"1]}")[0] == 413


def test_more_than_200_megabytes_are_refused(place):
    here = place()
    connection = here.raw(
        f"POST /agent/v1/messages HTTP/1.1\nHost: x\nx-api-key: {here.token}\n"
        f"Content-Length: {201 << 20}\n\n"
    )
    piece = b" " * (1 << 20)
    try:
        for _ in range(201):
            connection.sendall(piece)
    except ConnectionError:
        pass  # it need not hear us out
    assert connection.recv(100).startswith(b"HTTP/1.1 413")
    connection.close()


def test_a_route_s_own_rule(place):
    seen = []

    def allow(question):
        seen.append((question.method, question.path, question.body.get("n"), question.number))
        if question.body.get("n") == "broken":
            raise KeyError("x")
        return "not this one" if question.body.get("n") == "no" else ""

    here = place(api="openai-chat", allow=allow)
    assert here.ask({"n": 1})[0] == 200
    status, _, body = here.ask({"n": "no"})
    assert (status, "not this one" in body.decode()) == (403, True)
    status, _, body = here.ask({"n": "broken"})
    assert (status, "could not be examined (KeyError)" in body.decode()) == (403, True)
    assert here.ask({"n": 2})[0] == 200
    path = "/v1/chat/completions"
    assert seen == [("POST", path, 1, 0), ("POST", path, "no", 1), ("POST", path, "broken", 1),
                    ("POST", path, 2, 1)]  # fmt: skip
    assert here.ask(path=f"{path}?x=1")[0] == 403
    assert here.ask(path="/v1/models", method="GET")[0] == 403
    assert here.gateway.counts("agent") == (2, 4)
    assert [line.get("refused") for line in here.lines(6)[1:3]] == [
        "not this one", "the request could not be examined (KeyError)",
    ]  # fmt: skip


def test_a_route_without_the_provider_s_own_tools(place, key):
    here = place()
    shut = Route("shut", "anthropic", here.upstream.url, key, hosted_tools=False)
    both = place(more=(shut,))
    token = both.gateway.endpoint("shut").key
    search = {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}
    status, _, body = both.ask(search, route="shut", token=token)
    assert (status, "would use the provider's" in body.decode()) == (403, True)
    assert both.ask({"tools": [{"name": "web_search"}]}, route="shut", token=token)[0] == 200
    assert both.ask(search)[0] == 200


@pytest.mark.parametrize("bad", ["key\nx", "key\r\nA: b", "schlüssel"])
def test_a_key_that_is_none_is_refused_and_not_shown(tmp_path, bad):
    route = Route("agent", "anthropic", "https://host", bad)
    with pytest.raises(InputError) as seen:
        Gateway([route], log=tmp_path / "log")
    assert bad not in str(seen.value)


@pytest.mark.parametrize("url", ["host/v1", "ftp://host", "https://me:pw@host", "https://h/v1?k=1"])
def test_an_address_that_is_none_is_refused(tmp_path, url):
    with pytest.raises(InputError, match="no plain address") as seen:
        Gateway([Route("agent", "anthropic", url, "k")], log=tmp_path / "log")
    assert "pw" not in str(seen.value)


def test_a_proxy_that_cannot_be_used(tmp_path, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:9")
    with pytest.raises(MissingRequirementError, match="socks5 proxy"):
        Gateway([Route("agent", "anthropic", "https://host.invalid", "k")], log=tmp_path / "log")


def test_a_wrong_certificate_is_not_trusted(place, tmp_path):
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-keyout", tmp_path / "key", "-out", tmp_path / "cert", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        capture_output=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("openssl cannot make a certificate here")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    with RawUpstream(lambda _, send: send(whole(b"{}")), context) as server:
        base = f"https://localhost:{server.port}"
        assert place(base=base).ask()[0] == 502
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SSL_CERT_FILE", str(tmp_path / "cert"))
            assert place(base=base).ask()[0] == 200
