"""`ptb agents` as a person uses it, with the real npm against a registry on loopback."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from toy_registry import toy_registry

Ptb = Callable[..., subprocess.CompletedProcess[str]]
KEY = "sk-ant-canary-0123456789"


@pytest.fixture
def empty(tmp_path: Path) -> dict[str, str]:
    """A host without agents, logins and keys."""
    (tmp_path / "home").mkdir()
    blank = dict.fromkeys(
        ("ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE_CONFIG_DIR", "CODEX_HOME",
         "GEMINI_API_KEY", "GEMINI_CLI_HOME", "OPENAI_API_KEY"), ""
    )  # fmt: skip
    return {**blank, "HOME": str(tmp_path / "home"), "PTB_AGENTS": str(tmp_path / "agents")}


@pytest.fixture
def toys(tmp_path: Path, empty: dict[str, str]) -> Iterator[dict[str, str]]:
    """The same with a registry in which the package of codex is a toy."""
    if shutil.which("npm") is None:
        if os.environ.get("PTB_REQUIRE") == "all":
            pytest.fail("npm is required (PTB_REQUIRE=all) but is not here")
        pytest.skip("npm is not here")
    with toy_registry() as registry:
        for version in ("0.171.0", "0.180.0"):
            program = f"#!/bin/sh\necho codex-cli {version}\n".encode()
            registry.publish(
                "@openai/codex", version, files={"codex": program}, bin={"codex": "codex"}
            )
        yield {
            **empty,
            "npm_config_cache": str(tmp_path / "cache"),
            "npm_config_registry": registry.url,
            "npm_config_fetch_retries": "0",
        }


def row(shown: str, agent: str) -> str:
    [line] = [line for line in shown.splitlines() if line.startswith(agent)]
    return line


def test_install_list_remove(ptb: Ptb, toys: dict[str, str], tmp_path: Path) -> None:
    done = ptb("agents", "install", "codex", **toys)
    assert done.returncode == 0, done.stderr
    assert str(tmp_path / "agents" / "openai_codex" / "0.171.0") in done.stdout
    again = ptb("agents", "install", "codex", **toys, PATH=os.defpath)
    assert again.returncode == 0, again.stderr
    assert "there already" in again.stdout
    newest = ptb("agents", "install", "codex@latest", **toys)
    assert newest.returncode == 0, newest.stderr
    assert "codex 0.180.0" in newest.stdout
    shown = ptb("agents", "list", **toys)
    assert shown.returncode == 0, shown.stderr
    assert "0.171.0, 0.180.0" in " ".join(row(shown.stdout, "codex").split())
    gone = ptb("agents", "remove", "codex@0.171.0", **toys)
    assert gone.returncode == 0, gone.stderr
    assert [path.name for path in (tmp_path / "agents/openai_codex").glob("[0-9]*")] == ["0.180.0"]


def test_into_another_folder(ptb: Ptb, toys: dict[str, str], tmp_path: Path) -> None:
    done = ptb("agents", "install", "codex", "--into", "image/agents", **toys)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "image/agents/openai_codex/0.171.0/node_modules/.bin/codex").exists()
    shown = ptb("agents", "list", **{**toys, "PTB_AGENTS": str(tmp_path / "image/agents")})
    assert row(shown.stdout, "codex").split().count("0.171.0") == 2  # tested with, installed


@pytest.mark.parametrize(
    ("arguments", "words", "code"),
    [
        (("install", "codx"), ["unknown agent 'codx'", "did you mean codex"], 2),
        (("install", "codex@9.9.9"), ["9.9.9", "0.171.0", "npm view @openai/codex versions"], 2),
        (("install", "codex@"), ["names no version", "codex@latest"], 2),
        (("install", "codex@../x"), ["no version"], 2),
        (("install", "claude-code"), ["2.1.332", "E404"], 2),
        (("remove", "codex"), ["which version?", "installed: none"], 2),
        (("remove", "codex@1.0.0"), ["codex 1.0.0 is not installed"], 2),
        (("remove", "noop@1"), ["noop 1 is not installed"], 2),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    ptb: Ptb, toys: dict[str, str], arguments: tuple[str, ...], words: list[str], code: int
) -> None:
    done = ptb("agents", *arguments, **toys)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr
    assert "  -> " in done.stderr


def test_an_agent_without_a_cli(ptb: Ptb, empty: dict[str, str]) -> None:
    done = ptb("agents", "install", "noop", **empty)
    assert done.returncode == 0, done.stderr
    assert "nothing to install" in done.stdout


def test_without_npm(ptb: Ptb, empty: dict[str, str]) -> None:
    done = ptb("agents", "install", "codex", **empty, PATH="/nowhere")
    assert done.returncode == 2
    assert "no npm on the PATH" in done.stderr
    assert "install Node.js 20" in done.stderr


def test_the_list_tells_keys_and_logins_but_not_their_values(
    ptb: Ptb, empty: dict[str, str], tmp_path: Path
) -> None:
    shown = ptb("agents", "list", **empty)
    assert shown.returncode == 0, shown.stderr
    for agent in ("claude-code", "codex", "gemini-cli"):
        assert "not set" in row(shown.stdout, agent)
        assert "not logged" in row(shown.stdout, agent)
    assert "by model" in row(shown.stdout, "opencode")
    assert "noop" not in shown.stdout
    login = tmp_path / "home/.codex/auth.json"
    login.parent.mkdir()
    tokens = {"access_token": "canary-access", "refresh_token": "canary-refresh"}
    login.write_text(json.dumps({"tokens": tokens}))
    told = ptb("agents", "list", **{**empty, "ANTHROPIC_API_KEY": KEY, "COLUMNS": "200"})
    assert told.returncode == 0, told.stderr
    assert "(set)" in row(told.stdout, "claude-code")
    assert "auth.json" in "".join(told.stdout.split())
    assert KEY not in told.stdout + told.stderr
    assert "canary" not in told.stdout + told.stderr


def test_presets_are_listed_with_their_source(
    ptb: Ptb, empty: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "presets.toml").write_text('[presets.mine]\nname = "codex"\nmodel = "gpt-5.5"\n')
    shown = ptb("list", "presets", **empty)
    assert shown.returncode == 0, shown.stderr
    assert "gpt-5.5" in row(shown.stdout, "mine")
    (tmp_path / "presets.toml").write_text('[presets.mine]\nname = "codex"\nmodle = "x"\n')
    broken = ptb("list", "presets", **empty)
    assert broken.returncode == 2
    for word in ("presets.toml", "presets.mine", "modle"):
        assert word in broken.stderr
