"""Scripts: what they may hold, and how a bad one is told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import httpx
import pytest

from posttrainbench.errors import MissingRequirementError, SpecError
from posttrainbench.scripted import Script, ScriptedServer, Step, make_script, read_script


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ([], "main: List should have at least 1 item"),
        ([{"text": "a"}, {"shel": "ls"}], "main[1].shel: Extra inputs"),
        ([{}], "main[0]: a step has at least one of"),
        ([{"usage": {}}], "main[0]: a step has at least one of"),
        ([{"shell": 7}], "main[0].shell: Input should be a valid string"),
        ([{"shell": ""}], "main[0].shell"),
        ([{"text": "a", "args": {"x": 1}}], "main[0]: args goes with shell"),
        ([{"text": "a", "input": {"x": 1}}], "main[0]: input goes with tool"),
        ([{"text": "a", "message": "m"}], "main[0]: message goes with status"),
        ([{"text": "a", "times": 1}], "main[0]: times goes with status or hang or cut"),
        ([{"status": 200}], "main[0].status: Input should be greater than or equal to 400"),
        ([{"status": True}], "main[0].status: Input should be a valid integer"),
        ([{"status": "500"}], "main[0].status: Input should be a valid integer"),
        ([{"cut": True, "times": 0}], "main[0].times"),
        ([{"hang": -1}], "main[0].hang"),
        ([{"hang": float("inf")}], "main[0].hang"),
        ([{"text": "a", "usage": {"inputs": 1}}], "main[0].usage.inputs"),
        ([{"text": "a", "usage": {"input": 5, "cached": 6}}], "cached and cache_write are parts"),
        ([{"text": "a", "usage": {"output": 5, "reasoning": 6}}], "reasoning is a part of output"),
        ([{"calls": [{"tool": "a", "arguments": {}}]}], "main[0].calls[0].arguments"),
        ({"main": [{"text": "a"}], "agent": {}}, "agent: Extra inputs"),
        ({"main": [{"text": "a"}], "agents": {"x": []}}, "agents.x: List should have at least 1"),
        ({"main": [{"text": "a"}], "agents": {"": [{"text": "a"}]}}, "agents."),
        ([{"when": "x", "text": "only a sub-agent's"}], "main: List should have at least 1 item"),
        (7, "holds no script"),
        ("text", "holds no script"),
    ],
)
def test_a_bad_script_names_file_and_key(script, words, tmp_path):
    with pytest.raises(SpecError, match=r"^script") as direct:
        make_script(script)
    assert words in direct.value.what
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(script))
    with pytest.raises(SpecError) as read:
        read_script(path)
    assert read.value.what.startswith(str(path))
    assert words in read.value.what


@pytest.mark.parametrize("text", ["{", "", "[" * 100_000])
def test_a_file_that_is_no_json(tmp_path, text):
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(SpecError, match=r"bad\.json cannot be read as JSON"):
        read_script(path)
    with pytest.raises(SpecError, match=r"absent\.json cannot be read"):
        read_script(tmp_path / "absent.json")


def test_steps_and_plain_data_may_be_mixed():
    script = make_script([Step(text="a"), {"text": "b"}, Step(when="x", text="c")])
    assert [step.text for step in script.main] == ["a", "b"]
    assert [step.text for step in script.agents["x"]] == ["c"]
    assert make_script(script) is script
    assert make_script(json.loads(script.model_dump_json(exclude_unset=True))) == script


def test_a_bad_script_never_replaces_a_good_one():
    with ScriptedServer([{"text": "a"}]) as server:
        with pytest.raises(SpecError):
            server.script = [{"txt": "b"}]
        assert isinstance(server.script, Script)
        assert server.script.main[0].text == "a"
    with pytest.raises(SpecError):
        ScriptedServer([{"txt": "b"}])


def test_tokens_that_were_left_out_fit_to_those_that_were_given():
    usage = make_script([{"text": "a", "usage": {"input": 90, "output": 3}}]).main[0].usage
    assert (usage.input, usage.cached, usage.output, usage.reasoning) == (90, 90, 3, 3)
    usage = make_script([{"text": "a", "usage": {"input": 90, "cache_write": 80}}]).main[0].usage
    assert (usage.cached, usage.cache_write) == (10, 80)


def test_a_limit_is_a_429_unless_it_says_otherwise():
    script = make_script([{"limit": True}, {"limit": True, "status": 400}])
    assert [step.status for step in script.main] == [429, 400]


def test_without_aiohttp_the_way_out_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    with pytest.raises(MissingRequirementError, match=r"posttrainbench\[agents\]"):
        ScriptedServer([{"text": "a"}]).__enter__()


def test_importing_it_loads_no_aiohttp():
    code = "import sys, posttrainbench.scripted; print('aiohttp' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "False\n", done.stderr


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "posttrainbench.scripted", *map(str, arguments)]


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_as_a_command(tmp_path, end, gemini):
    script, log = tmp_path / "script.json", tmp_path / "log.jsonl"
    script.write_text(json.dumps([{"text": "from a file"}, {"hang": 600}]))
    with subprocess.Popen(
        command("--script", script, "--log", log),
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": ""},
    ) as running:  # fmt: skip
        url = running.stdout.readline().strip()
        try:
            path = f"/v1beta/models/m:generateContent?key={gemini.key}"
            answer = httpx.post(url + path, json=gemini.body("hello", 0, {"bash": {}}))
            assert gemini.ask(url, stream=True).text == "from a file"
        finally:
            running.send_signal(end)
        assert running.wait(5) == 0
    assert answer.json()["candidates"][0]["content"]["parts"][0]["text"] == "from a file"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(one["api"], one["kind"], one["step"]) for one in lines] == [("gemini", "text", 0)] * 2
    assert lines[0]["body"]["contents"]
    assert gemini.key not in log.read_text()


def test_the_command_refuses_a_bad_script_without_a_traceback(tmp_path):
    script = tmp_path / "script.json"
    script.write_text('[{"shel": "ls"}]')
    done = subprocess.run(command("--script", script), capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert f"error: {script}: main[0].shel" in done.stderr
    assert "Traceback" not in done.stderr
