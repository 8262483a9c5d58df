"""The scripted model drives the four real CLIs, without our agents and without a sandbox."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from posttrainbench.agents.npm import version_key
from posttrainbench.scripted import Logged, ScriptedServer

KEY = "sk-scripted"
FOLDERS = {
    "claude": "anthropic-ai_claude-code",
    "codex": "openai_codex",
    "gemini": "google_gemini-cli",
    "opencode": "opencode-ai",
}
CODEX = """\
model_provider = "scripted"
check_for_update_on_startup = false
[model_providers.scripted]
name = "scripted"
base_url = "{url}/v1"
wire_api = "responses"
env_key = "OPENAI_API_KEY"
supports_websockets = false
[analytics]
enabled = false
[otel]
metrics_exporter = "none"
[features]
plugins = false
apps = false
"""
GEMINI = {
    "security": {"auth": {"selectedType": "gemini-api-key"}},
    "privacy": {"usageStatisticsEnabled": False},
    "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
    "telemetry": {"enabled": False},
}
Prepared = tuple[list[str], dict[str, str]]


def claude(url: str, home: Path, model: str) -> Prepared:
    quiet = ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "DISABLE_AUTOUPDATER",
             "DISABLE_TELEMETRY", "DISABLE_ERROR_REPORTING", "IS_SANDBOX")  # fmt: skip
    env = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": KEY, **dict.fromkeys(quiet, "1")}
    return ["--print", "--verbose", "--model", model or "claude-sonnet-4-5", "--output-format",
            "stream-json", "--dangerously-skip-permissions", "the task"], env  # fmt: skip


def codex(url: str, home: Path, model: str) -> Prepared:
    (home / ".codex").mkdir()
    (home / ".codex" / "config.toml").write_text(CODEX.format(url=url))
    env = {"OPENAI_API_KEY": KEY}
    return ["exec", "--json", "-c", "model_reasoning_summary=detailed", "--skip-git-repo-check",
            "--yolo", "--model", model or "gpt-5.5", "the task"], env  # fmt: skip


def gemini(url: str, home: Path, model: str) -> Prepared:
    (home / ".gemini").mkdir()
    (home / ".gemini" / "settings.json").write_text(json.dumps(GEMINI))
    env = {"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": url, "GEMINI_SANDBOX": "false",
           "GEMINI_CLI_TRUST_WORKSPACE": "true"}  # fmt: skip
    return ["--yolo", "--model", model or "gemini-2.5-pro", "--output-format", "stream-json",
            "-p", "the task"], env  # fmt: skip


def opencode(url: str, home: Path, model: str) -> Prepared:
    provider = {
        "npm": "@ai-sdk/openai-compatible", "name": "Scripted",
        "options": {"baseURL": f"{url}/v1", "apiKey": KEY},
        "models": {"m": {"name": "m", "tool_call": True, "reasoning": True,
                         "limit": {"context": 128_000, "output": 8_192}}},
    }  # fmt: skip
    settings = {"permission": "allow", "autoupdate": False, "share": "disabled",
                "small_model": "scripted/m", "provider": {"scripted": provider}}  # fmt: skip
    (home / "task" / "opencode.json").write_text(json.dumps(settings))
    quiet = ("MODELS_FETCH", "AUTOUPDATE", "DEFAULT_PLUGINS", "LSP_DOWNLOAD")
    env = dict.fromkeys((f"OPENCODE_DISABLE_{one}" for one in quiet), "1")
    return ["run", "--model", "scripted/m", "--format", "json", "the task"], env | {
        "OPENCODE_PURE": "1"
    }  # fmt: skip


PREPARE: dict[str, Callable[[str, Path, str], Prepared]] = {
    "claude": claude, "codex": codex, "gemini": gemini, "opencode": opencode,
}  # fmt: skip


class Played:
    """One call of a CLI in a home of its own."""

    def __init__(self, clis: Path, home: Path, name: str, script: Any, model: str = "") -> None:
        versions = sorted((clis / FOLDERS[name]).iterdir(), key=lambda one: version_key(one.name))
        program = versions[-1] / "node_modules" / ".bin" / name
        (home / "task").mkdir()
        with ScriptedServer(script, key=KEY) as server:
            arguments, env = PREPARE[name](server.url, home, model)
            done = subprocess.run(
                [str(program), *arguments],
                cwd=home / "task",
                env={"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", **env},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        self.requests: list[Logged] = [one for one in server.requests if one.method == "POST"]
        self.stdout, self.said = done.stdout, done.stdout + done.stderr
        self.exit_code = done.returncode
        out = home / "task" / "out.txt"
        self.out = out.read_text() if out.exists() else ""

    @property
    def played(self) -> list[tuple[str, int]]:
        """Kind and step of the requests that the script answered."""
        return [(one.kind, one.step) for one in self.requests if one.step is not None]


TWO = [
    {"reasoning": "I should write a file.", "text": "I will write it.",
     "shell": "echo 'it said \"hello\"' >> out.txt; cat out.txt"},
    {"text": "All of it is done."},
]  # fmt: skip


@pytest.mark.parametrize("name", PREPARE)
def test_two_steps(clis, tmp_path, name):
    run = Played(clis, tmp_path, name, TWO)
    assert (run.exit_code, run.out) == (0, 'it said "hello"\n'), run.said
    assert run.played == [("shell", 0), ("text", 1)]
    assert {one.key for one in run.requests} == {KEY}
    assert {one.kind for one in run.requests} <= {"shell", "text", "side", "count"}
    assert "hello" in json.dumps(run.requests[-1].body)  # the tool's output came back
    if name == "gemini":  # shows its answers bit by bit
        events = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
        answers = [one["content"] for one in events if one.get("role") == "assistant"]
        assert "".join(answers) == "I will write it.All of it is done."
    else:
        assert "I will write it." in run.stdout
        assert "All of it is done." in run.stdout


@pytest.mark.parametrize("name", ["claude", "codex", "opencode"])
def test_a_cut_answer_is_asked_for_again_and_keeps_its_step(clis, tmp_path, name):
    run = Played(clis, tmp_path, name, [{**TWO[0], "cut": True, "times": 1}, TWO[1]])
    assert (run.exit_code, run.out) == (0, 'it said "hello"\n'), run.said
    assert run.played == [("cut", 0), ("shell", 0), ("text", 1)]


def test_gemini_ends_at_a_cut_answer(clis, tmp_path):
    run = Played(clis, tmp_path, "gemini", [{**TWO[0], "cut": True, "times": 1}, TWO[1]])
    assert (run.exit_code, run.out, run.played) == (1, "", [("cut", 0)])
    assert "terminated" in run.said


@pytest.mark.parametrize(
    ("name", "tool", "key"),
    [("claude", "Bash", "command"), ("codex", "exec_command", "cmd"),
     ("gemini", "run_shell_command", "command"), ("opencode", "bash", "command")],
)  # fmt: skip
def test_several_calls_in_one_turn_are_one_step(clis, tmp_path, name, tool, key):
    calls = [
        {"tool": tool, "input": {key: f"echo {n} >> out{n}.txt", "description": "d"}}
        for n in (1, 2)
    ]
    last = {"shell": "cat out1.txt out2.txt > out.txt"}
    run = Played(clis, tmp_path, name, [{"calls": calls}, last, {"text": "Done."}])
    assert (run.exit_code, run.out) == (0, "1\n2\n"), run.said
    assert run.played == [("calls", 0), ("shell", 1), ("text", 2)]


def test_a_sub_agent_of_claude_code(clis, tmp_path):
    task = {"description": "d", "prompt": "COUNT THEM", "subagent_type": "general-purpose",
            "run_in_background": False}  # fmt: skip
    script = {
        "main": [{"tool": "Task", "input": task}, {"text": "Done."}],
        "agents": {"COUNT THEM": [{"shell": "echo sub > out.txt"}, {"text": "Seven."}]},
    }
    run = Played(clis, tmp_path, "claude", script)
    assert (run.exit_code, run.out) == (0, "sub\n"), run.said
    asked = [(one.agent, one.step) for one in run.requests if one.step is not None]
    assert asked == [("", 0), ("COUNT THEM", 0), ("COUNT THEM", 1), ("", 1)]
    assert "Seven." in json.dumps(run.requests[-1].body)


def test_codex_in_code_mode(clis, tmp_path):
    run = Played(clis, tmp_path, "codex", TWO, model="gpt-6.1-sol")
    assert (run.exit_code, run.out) == (0, 'it said "hello"\n'), run.said
    assert run.played == [("shell", 0), ("text", 1)]
    assert '"custom_tool_call"' in json.dumps(run.requests[-1].body)
