"""`ptb agents check` against a provider: one tool call, or a sentence that says what is wrong.

The provider is the scripted server; the way to it, the sandbox and the CLI are the real ones.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_runs import DONE, KEY, KEY_VARIABLE, server, shell

from posttrainbench.demo import agent_check
from posttrainbench.demo.agent_check import Seen, real_check, scripted_choice
from posttrainbench.errors import AgentError
from posttrainbench.registry import make

pytestmark = pytest.mark.usefixtures("bubblewrap", "ptb_agents")
NONCE = "c0ffee"


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch, session_cache: Path) -> None:
    """The key is set, and the word that the agent is to write is known to the script."""
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    monkeypatch.setenv("PTB_CACHE", str(session_cache))
    monkeypatch.setattr(agent_check.secrets, "token_hex", lambda _: NONCE)


def seen(name: str, url: str, results: Path) -> dict[str, Seen]:
    choice = scripted_choice(make("agent", name), url)
    return {one.what: one for one in real_check(choice, sandbox="bubblewrap", results=results)}


@pytest.mark.parametrize("name", ["claude-code", "codex", "gemini-cli", "opencode"])
def test_an_agent_that_works_makes_one_tool_call(name: str, tmp_path: Path) -> None:
    with server([shell(f"printf %s {NONCE} > check.txt"), DONE]) as model:
        found = seen(name, model.url, tmp_path)
    assert {one.what for one in found.values() if one.ok} == {
        "installed", "sandbox", "endpoint and credentials", "the CLI's run",
        "nothing left running", "tokens counted", "tool call",
    }  # fmt: skip


def test_an_agent_that_does_something_else_is_found_out(tmp_path: Path) -> None:
    with server([shell("printf %s something > check.txt"), DONE]) as model:
        found = seen("codex", model.url, tmp_path)
    assert not found["tool call"].ok
    assert "something" in found["tool call"].detail


def test_a_wrong_key_is_said(tmp_path: Path) -> None:
    with (
        server([DONE], key="another") as model,
        pytest.raises(AgentError, match="credentials-refused"),
    ):
        seen("gemini-cli", model.url, tmp_path)


def test_an_endpoint_that_is_not_there_is_said(tmp_path: Path) -> None:
    with server([DONE]) as model:
        url = model.url
    with pytest.raises(AgentError, match="api-down"):
        seen("codex", url, tmp_path)
