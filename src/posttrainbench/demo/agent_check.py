"""`ptb agents check`: does an agent work here, before money and hours are spent?

With a scripted model server in the provider's place a whole run is played on the tiny cell, without
keys and without the internet: sandbox, prompt, tools, evaluate.py, final_model, counting.  With the
real provider one tool call is made in the real sandbox, which costs about a cent.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..agents import Agent
from ..errors import InputError, PTBError
from ..records import Attempt, RunDir, write_bytes
from ..registry import make
from ..runs.api import create
from ..runs.context import Reporter
from ..runs.worker import Worker
from ..spec import AgentChoice, RunSpec

KEY_VARIABLE = "PTB_CHECK_KEY"

_MODELS = {
    "anthropic": "claude-sonnet-4-5",
    "openai-responses": "gpt-5.5",
    "openai-chat": "scripted/scripted-model",
    "gemini": "gemini-2.5-pro",
}
_EVALUATE = """\
python -c '
import json, os, shutil, subprocess, sys
model = json.load(open(os.environ["PTB_CELL_FILE"]))["model"]
command = [sys.executable, "evaluate.py", "--model-path", model, "--limit", "2"]
subprocess.run([*command, "--json-output-file", "metrics.json"], check=True)
shutil.copytree(model, "final_model")
'
"""
"""Without command substitution, which Gemini CLI always refuses."""
_TASK = """\
This is a check of an installation, not a task. Run exactly this one shell command, once, and then
say that you are done:

printf %s {nonce} > check.txt
"""


@dataclass(frozen=True)
class Seen:
    """One thing that was checked."""

    what: str
    ok: bool
    detail: str = ""


def scripted_check(
    name: str, *, sandbox: str, version: str | None, results: Path, report: Reporter | None = None
) -> Iterator[Seen]:
    """Play a whole run against a scripted model server; yields what was seen, as it is seen.

    Raises:
        InputError: the agent talks to no model.
        PTBError: the run could not be played to its end.
    """
    from ..scripted import ScriptedServer

    agent: Agent = make("agent", name)
    key = f"sk-{secrets.token_hex(16)}"
    with ScriptedServer(_script(), key=key) as server, _variable(KEY_VARIABLE, key):
        choice = scripted_choice(agent, server.url, version)
        yield Seen("installed", True, f"{name} {agent.version(choice)}")
        spec = RunSpec(
            model="tiny-random",
            benchmark="calls-tiny",
            agent=choice,
            sandbox={"name": sandbox, "network": True},
            budget="10m",
            evaluation={"seeds": [1], "engine": "transformers"},
        )
        run = create(spec, results)
        yield Seen("sandbox", True, run.spec().sandbox.name)
        Worker(run, report=report).run()
        yield from _attempts(run)
        yield from _requests(run, server.requests, key)
        yield from _outcome(run)


def scripted_choice(agent: Agent, url: str, version: str | None = None) -> AgentChoice:
    """The choice of an agent whose model is the scripted server at ``url``.

    Raises:
        InputError: the agent talks to no model.
    """
    bare = AgentChoice(name=agent.name, version=version, key_variable=KEY_VARIABLE)
    for api, model in _MODELS.items():
        base = f"{url}/v1" if api.startswith("openai") else url
        choice = bare.model_copy(update={"model": model, "base_url": base})
        try:
            provider = agent.provider(choice)
        except PTBError:
            continue
        if provider is not None and provider.api == api:
            return choice
    raise InputError(
        f"the agent {agent.name!r} talks to no model, so there is nothing to check",
        advice="check claude-code, codex, gemini-cli or opencode",
    )


def real_check(
    choice: AgentChoice, *, sandbox: str, results: Path, report: Reporter | None = None
) -> Iterator[Seen]:
    """One tool call with the real provider in the real sandbox.

    Raises:
        PTBError: the choice makes no sense, or the agent could not begin: key refused, API down.
    """
    agent: Agent = make("agent", choice.name)
    yield Seen("installed", True, f"{choice.name} {agent.version(choice)}")
    provider = agent.provider(choice)
    if provider is None:
        raise InputError(
            f"the agent {choice.name!r} talks to no model, so there is nothing to check",
            advice="check claude-code, codex, gemini-cli or opencode",
        )
    spec = RunSpec(
        model="tiny-random",
        benchmark="calls-tiny",
        agent=choice.model_copy(update={"max_wait": 1.0}),
        sandbox={"name": sandbox, "network": True},
        budget="5m",
    )
    run = create(spec, results)
    yield Seen("sandbox", True, run.spec().sandbox.name)
    worker = Worker(run, report=report)
    worker.run(("prepare",))
    nonce = secrets.token_hex(8)
    write_bytes(run.prompt_file, _TASK.format(nonce=nonce).encode())
    worker.run(("solve",))
    yield Seen("endpoint and credentials", True, provider.base_url)
    yield from _attempts(run)
    written = _text(run.workspace / "check.txt")
    yield Seen("tool call", written == nonce, "check.txt was written" if written == nonce else
               f"check.txt holds {written[:40]!r}; see `ptb trace {run.path}`")  # fmt: skip


def _script() -> list[dict[str, Any]]:
    return [
        {"shell": _EVALUATE, "text": "I evaluate the base model and hand it in.",
         "args": {"yield_time_ms": 120_000, "timeout": 120_000}},
        {"text": "final_model holds the base model."},
    ]  # fmt: skip


def _attempts(run: RunDir) -> Iterator[Seen]:
    attempts = run.list_attempts()
    last: Attempt = attempts[-1]
    ok = last.cause == "finished" and len(attempts) == 1
    detail = f"{last.cause}{': ' if last.cause_detail else ''}{last.cause_detail}"
    yield Seen("the CLI's run", ok, detail if not ok else f"{last.seconds:.1f} s")
    yield Seen("nothing left running", last.survivors == 0, f"{last.survivors} processes")
    tokens = sum(use.input + use.output for use in (last.metered or last.models).values())
    yield Seen("tokens counted", tokens > 0, f"{tokens:,}")


def _requests(run: RunDir, requests: list[Any], key: str) -> Iterator[Seen]:
    asked = [request for request in requests if request.method == "POST"]
    prompt = run.prompt_file.read_text(encoding="utf-8").strip().splitlines()[-1]
    arrived = any(prompt[:60] in str(request.body) for request in asked)
    yield Seen("the whole prompt arrived", arrived, f"{len(asked)} requests")
    foreign = {request.key for request in asked} - {key}
    yield Seen("the key stayed outside", not foreign and not _holds(run, key))


def _holds(run: RunDir, key: str) -> bool:
    """Whether the real key stands in any file of the run."""
    needle = key.encode()
    return any(
        needle in path.read_bytes()
        for path in run.path.rglob("*")
        if path.is_file() and not path.is_symlink() and path.stat().st_size < 1 << 28
    )


def _outcome(run: RunDir) -> Iterator[Seen]:
    metrics = _text(run.workspace / "metrics.json")
    yield Seen("evaluate.py", '"accuracy"' in metrics, metrics.strip()[:60])
    result = run.result()
    yield Seen("final_model", result.status == "scored", f"{result.status} {result.detail}".strip())
    yield Seen("audit", result.verdict.outcome == "clean", result.verdict.outcome)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")[:10_000]
    except OSError:
        return ""


@contextmanager
def _variable(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
