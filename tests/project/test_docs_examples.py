"""The examples of docs/adding-*.md, installed as a third party's distribution and really used."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from ptb_test_plugin import build_tiny_llama

from posttrainbench.agents import Desk
from posttrainbench.benchmarks import TaskSetup
from posttrainbench.errors import DataError, SpecError
from posttrainbench.records import RunDir
from posttrainbench.registry import make
from posttrainbench.sandboxes import TMP, Layout, Limits, Request
from posttrainbench.sandboxes.runner import run as run_command
from posttrainbench.spec import AgentChoice

PAGES = ("adding-an-agent", "adding-a-benchmark", "adding-a-model", "adding-a-sandbox")
BLOCK = re.compile(r"^```(\w+) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> list[tuple[str, str]]:
    """Name and content of the page's code blocks that have a file name."""
    return [(name, code) for _, name, code in BLOCK.findall(page.read_text(encoding="utf-8"))]


@pytest.fixture(scope="session")
def distribution(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All examples as one installed distribution: a folder for ``sys.path``."""
    folder = tmp_path_factory.mktemp("examples")
    groups: dict[str, dict[str, str]] = {}
    for page in PAGES:
        for name, code in blocks(root / "docs" / f"{page}.md"):
            if name == "pyproject.toml":
                groups |= tomllib.loads(code)["project"]["entry-points"]
            else:
                (folder / name).write_text(code, encoding="utf-8")
    info = folder / "docs_examples-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: docs-examples\nVersion: 1.0\n")
    lines = [
        f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in points.items())
        for group, points in groups.items()
    ]
    (info / "entry_points.txt").write_text("\n".join(lines))
    return folder


@pytest.fixture
def installed(distribution: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(distribution))
    return distribution


class Kept:
    """Keeps a command's output."""

    def __init__(self) -> None:
        self.text = b""

    def write(self, stream: str, chunk: bytes) -> None:
        self.text += chunk


def test_every_page_has_code_and_an_entry_point(root: Path) -> None:
    for page in PAGES:
        names = [name for name, _ in blocks(root / "docs" / f"{page}.md")]
        assert "pyproject.toml" in names, page
        assert any(name.endswith(".py") for name in names), page


@pytest.mark.parametrize(
    ("what", "name"), [("agents", "copier"), ("benchmarks", "capitals"), ("sandboxes", "nice")]
)
def test_ptb_lists_the_examples(distribution: Path, what: str, name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "posttrainbench", "list", what],
        env={**os.environ, "PYTHONPATH": str(distribution), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert re.search(rf"^{name}\b", done.stdout, re.MULTILINE)


def test_benchmark_example(installed: Path, tmp_path: Path) -> None:
    benchmark = make("benchmark", "capitals")
    said: list[str] = []
    data = benchmark.fetch(tmp_path, said.append)
    assert benchmark.fetch(tmp_path, said.append) == data
    assert said == ["fetching the capitals"]
    items = benchmark.test_items(data.folder)
    assert len(items) == benchmark.entry.items == 3
    task = benchmark.task(data.folder, TaskSetup(limit=2))
    assert [sample.id for sample in task.dataset] == ["France", "Italy"]
    (data.folder / "items.jsonl").write_text("{}\n")
    with pytest.raises(DataError, match=r"items\.jsonl"):
        benchmark.fetch(tmp_path, said.append)


def test_model_example(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = make("model", "house-model")
    monkeypatch.delenv("HOUSE_MODEL", raising=False)
    with pytest.raises(DataError, match="no model folder"):
        model.fetch(tmp_path, lambda text: None)
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"\0" * 16)
    monkeypatch.setenv("HOUSE_MODEL", str(folder))
    fetched = model.fetch(tmp_path, lambda text: None)
    assert fetched.folder == folder.resolve()
    (folder / "model.safetensors").write_bytes(b"\1" * 16)
    assert model.fetch(tmp_path, lambda text: None).source.sha256 != fetched.source.sha256


def run_in(sandbox_name: str, layout: Layout, argv: tuple[str, ...], workdir: str, **more: object):
    sandbox = make("sandbox", sandbox_name)
    output = Kept()
    request = Request(layout, argv, workdir, limits=Limits(seconds=60), **more)
    return run_command(sandbox, request, output), output.text.decode()


def test_sandbox_example(installed: Path, tmp_path: Path) -> None:
    sandbox = make("sandbox", "nice")
    assert sandbox.probe().available
    layout = Layout(scratch=tmp_path / "scratch")
    ending, text = run_in("nice", layout, ("nice",), sandbox.where(layout, TMP))
    assert (ending.ended, ending.exit_code, ending.survivors) == ("exited", 0, 0)
    assert int(text) == min(19, os.nice(0) + 10)
    assert ending.enforcement.processes.endswith(", at low priority")


def test_agent_example(installed: Path, tmp_path: Path) -> None:
    agent = make("agent", "copier")
    model, desk_folder = tmp_path / "base", tmp_path / "workspace"
    model.mkdir()
    desk_folder.mkdir()
    (model / "config.json").write_text("{}")
    desk = Desk(
        workspace=str(desk_folder),
        prompt="do it well",
        model=str(model),
        home=str(tmp_path),
        python=sys.executable,
        budget_seconds=60,
        benchmark="capitals",
        data="",
    )
    with pytest.raises(SpecError, match="greating"):
        agent.launch(desk, AgentChoice(name="copier", options={"greating": "hi"}))
    launch = agent.launch(desk, AgentChoice(name="copier", options={"greeting": "hi"}))
    layout = Layout(scratch=tmp_path / "scratch", mounts=launch.mounts)
    ending, text = run_in(
        "host", layout, launch.argv, str(desk_folder), env=launch.env, stdin=launch.stdin
    )
    assert ending.exit_code == 0, text
    assert text == "hi, my task has 10 characters\n"
    assert (desk_folder / "final_model" / "config.json").read_text() == "{}"


@pytest.mark.slow
def test_a_whole_run_of_examples(distribution: Path, tmp_path: Path) -> None:
    """Agent, model, benchmark and sandbox of the documentation in one real run."""
    weights = tmp_path / "weights"
    build_tiny_llama(weights)
    options = ["--agent=copier", "--model=house-model", "--benchmark=capitals", "--sandbox=nice"]
    done = subprocess.run(
        [sys.executable, "-m", "posttrainbench", "run", *options, "--budget=1m",
         f"--results={tmp_path / 'results'}", "--option=greeting=hi"],
        env={
            **os.environ,
            "PYTHONPATH": str(distribution),
            "HOUSE_MODEL": str(weights),
            "PTB_CACHE": str(tmp_path / "cache"),
            "NO_COLOR": "1",
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    [path] = (tmp_path / "results").iterdir()
    result = RunDir.open(path).result()
    assert result.status == "scored"
    assert (result.model, result.benchmark, result.agent) == ("house-model", "capitals", "copier")
    assert result.sandbox == "nice"
    assert result.model_hash == result.base_model_hash
    assert result.base_score is not None
    assert result.score == result.base_score.value
    assert "hi, my task has" in RunDir.open(path).output_file(1).read_text()


def test_the_snippets_without_a_file_name_compile(root: Path) -> None:
    plain = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    found = [
        (page.name, code)
        for page in (root / "docs").glob("*.md")
        for code in plain.findall(page.read_text(encoding="utf-8"))
    ]
    assert found
    for name, code in found:
        compile(code, name, "exec")


TALKER = """\
#!/usr/bin/env python3
import json, os, subprocess, sys, urllib.request

def tell(**event):
    print(json.dumps(event), flush=True)

def ask(messages):
    tool = {"type": "function", "function": {"name": "bash", "parameters": {
        "type": "object", "properties": {"command": {"type": "string"}}}}}
    body = {"model": model, "messages": messages, "tools": [tool]}
    request = urllib.request.Request(
        os.environ["EXAMPLE_BASE_URL"] + "/chat/completions", json.dumps(body).encode(),
        {"Authorization": "Bearer " + os.environ["EXAMPLE_API_KEY"],
         "Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(request))

if sys.argv[1:] == ["--version"]:
    sys.exit(print("1.2.3"))
model = sys.argv[sys.argv.index("--model") + 1]
messages, used = [{"role": "user", "content": sys.stdin.read()}], [0, 0]
tell(type="start", id="session-1")
while True:
    answer = ask(messages)
    used[0] += answer["usage"]["prompt_tokens"]
    used[1] += answer["usage"]["completion_tokens"]
    message = answer["choices"][0]["message"]
    messages.append(message)
    tell(type="say", text=message["content"])
    if not message.get("tool_calls"):
        break
    for call in message["tool_calls"]:
        command = json.loads(call["function"]["arguments"])["command"]
        done = subprocess.run(command, shell=True, capture_output=True, text=True)
        output = done.stdout + done.stderr
        tell(type="tool", id=call["id"], run=command, output=output)
        messages.append({"role": "tool", "tool_call_id": call["id"], "content": output})
tell(**{"type": "end", "ok": True, "model": model, "in": used[0], "out": used[1]})
"""


@pytest.mark.slow
def test_the_documented_cli_agent_plays_a_whole_run(distribution: Path, tmp_path: Path) -> None:
    """A new agent is cheap: some sixty lines, and everything else follows."""
    prefix = tmp_path / "agents" / "example_talker" / "1.2.3"
    program = prefix / "node_modules" / ".bin" / "talker"
    program.parent.mkdir(parents=True)
    program.write_text(TALKER)
    program.chmod(0o755)
    (prefix / "installed.json").write_text("{}")
    done = subprocess.run(
        [sys.executable, "-m", "posttrainbench", "agents", "check", "talker", "--scripted",
         "--keep", str(tmp_path / "results")],
        env={
            **os.environ,
            "PYTHONPATH": str(distribution),
            "PTB_AGENTS": str(tmp_path / "agents"),
            "PTB_CACHE": str(tmp_path / "cache"),
            "NO_COLOR": "1",
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    [path] = (tmp_path / "results").iterdir()
    [attempt] = RunDir.open(path).list_attempts()
    assert (attempt.cause, attempt.tool_calls, attempt.session_id) == ("finished", 1, "session-1")
    assert attempt.models["scripted/scripted-model"].input == 2000
    assert attempt.metered["scripted/scripted-model"].input == 2000
