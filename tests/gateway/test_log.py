"""``gateway.jsonl``: a line for every request, and none of it a secret."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from raw_upstream import event, stream, whole

from posttrainbench.audit.gateway_log import gateway_rows
from posttrainbench.gateway.log import RequestLog

SECRET = "hf_other_secret_of_the_worker"


def test_what_a_line_holds(place):
    usage = {"prompt_tokens": 10, "completion_tokens": 5}
    done = stream(event({"model": "m-1", "usage": usage}), event("[DONE]"))
    here = place(lambda _, send: send(done), api="openai-chat")
    body = {"model": "m", "messages": [{}, {}], "tools": [{}, {}, {}]}
    here.ask(body, headers={**here.fields(), "User-Agent": "cli/1"})
    [line] = here.lines()
    assert isinstance(line.pop("at"), str)
    assert 0 <= line.pop("seconds") < 10
    assert line == {
        "route": "agent", "method": "POST", "path": "/v1/chat/completions", "user_agent": "cli/1",
        "model": "m-1", "status": 200, "stream": True, "messages": 2, "tools": 3,
        "request_bytes": len(json.dumps(body)), "answer_bytes": line["answer_bytes"],
        "input": 10, "output": 5, "requests": 1,
    }  # fmt: skip
    assert line["answer_bytes"] > 80


def test_no_secret_gets_into_the_log(place, key):
    here = place(lambda _, send: send(whole({"model": f"m {key}"})), secrets={"OTHER": SECRET})
    sneaky = f"{here.token} {SECRET} {key}"
    here.ask({"model": sneaky}, headers={**here.fields(), "User-Agent": sneaky})
    here.ask(path=f"/v1/models/{here.token}?key={here.token}", method="GET")
    here.ask(path=f"/{SECRET}/{here.token}")
    here.ask(route=here.token, path=f"/{SECRET}")
    here.ask(headers={"x-api-key": SECRET})
    here.lines(5)
    text = here.log.read_text()
    assert "[REDACTED:OTHER]" in text
    for secret in (here.token, SECRET, key):
        assert secret not in text


def test_long_and_strange_texts(place):
    here = place()
    connection = here.raw(
        f"GET /agent/v1/x{'y' * 5000} HTTP/1.1\nHost: x\nx-api-key: {here.token}\n"
        "User-Agent: \xff\xfe\n\n"
    )
    connection.recv(100)
    connection.close()
    [line] = here.lines()
    assert len(line["path"]) == 300
    assert here.log.read_bytes().isascii()


def test_what_was_refused_is_evidence(place):
    here = place(api="openai-responses")
    here.ask({}, path="/v1/files")
    here.ask(token="wrong")
    first, second = here.lines(2)
    assert (first["path"], first["status"]) == ("/v1/files", 403)
    assert first["refused"] == "POST /v1/files is no question to a model"
    assert second["status"] == 401


def test_a_full_disk_breaks_no_request(place):
    here = place(log=Path("/dev/full"))
    for _ in range(3):
        assert here.ask()[0] == 200
    deadline = time.monotonic() + 5  # the line comes after the answer
    while here.gateway.log.lost < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert here.gateway.log.lost == 3


def test_a_folder_that_is_gone_breaks_no_request(place, tmp_path):
    here = place(log=tmp_path / "no" / "such" / "log")
    assert here.ask()[0] == 200


def test_the_file_has_a_largest_size_and_says_that_lines_are_missing(tmp_path):
    path = tmp_path / "log"
    with path.open("wb") as file:
        os.truncate(file.fileno(), (64 << 20) - 8192 - 100)
    log = RequestLog(path, {})
    for _ in range(501):
        log.write(path="x" * 30)
    assert log.lost == 500
    assert path.stat().st_size <= 64 << 20
    rows = [row for _, row in gateway_rows(path)]
    assert [row.get("lost") for row in rows] == [1]
    RequestLog(path, {}).write(path="of another attempt")
    assert [row.get("lost") for _, row in gateway_rows(path)] == [1, 1]


def test_what_a_full_disk_took_is_named_when_there_is_room_again(tmp_path):
    path = tmp_path / "log"
    path.symlink_to("/dev/full")
    log = RequestLog(path, {})
    log.write(path="first")
    log.write(path="second")
    path.unlink()
    log.write(path="third")
    rows = [row for _, row in gateway_rows(path)]
    assert [(row.get("lost"), row.get("path")) for row in rows] == [(2, None), (None, "third")]


def test_a_short_value_is_no_secret(tmp_path):
    RequestLog(tmp_path / "log", {"A": "a", "B": ""}).write(path="banana")
    assert json.loads((tmp_path / "log").read_text())["path"] == "banana"
