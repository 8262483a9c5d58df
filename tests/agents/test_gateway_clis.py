"""The real CLIs through the gateway: what their provider sees, and what is counted."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from agent_launches import Seat

from posttrainbench.demo.agent_check import scripted_choice
from posttrainbench.gateway import Route
from posttrainbench.gateway.gateway import Gateway
from posttrainbench.registry import make
from posttrainbench.scripted import ScriptedServer
from posttrainbench.spec import Price

pytestmark = pytest.mark.usefixtures("bubblewrap", "ptb_agents")

KEY = "sk-canary-of-the-provider-0815"
SCRIPT = [{"text": "I write it.", "shell": "echo hello > out.txt"}, {"text": "done"}]
each_cli = pytest.mark.parametrize("name", ["claude-code", "codex", "gemini-cli", "opencode"])


def play(name: str, server: ScriptedServer, folder: Path, **rest):
    """Run one CLI behind a gateway; the gateway (closed), the attempt and the log."""
    agent = make("agent", name)
    choice = scripted_choice(agent, server.url)
    provider = agent.provider(choice)
    route = Route("agent", provider.api, provider.base_url, KEY)
    log = folder / "gateway.jsonl"
    with Gateway([route], log=log, price=Price(input=1, output=1), **rest) as gateway:
        end = gateway.endpoint("agent")
        # Without the address the choice means the provider's own, so nothing goes past us.
        more = choice.model_dump(exclude={"name", "price"}, exclude_defaults=True)
        attempt = Seat(folder).play(
            agent, "Write hello into out.txt.", url=end.url, key=end.key, **more
        )
        time.sleep(0.1)  # a line is written after its answer
    return gateway, end, attempt, [json.loads(line) for line in log.read_text().splitlines()]


@each_cli
def test_a_provider_sees_only_its_key_and_every_token_is_counted(name: str, tmp_path: Path):
    with ScriptedServer(SCRIPT, key=KEY) as server:
        gateway, end, attempt, lines = play(name, server, tmp_path)
        assert attempt.ending.exit_code == 0, attempt.stderr
        assert (tmp_path / "workspace" / "out.txt").read_text() == "hello\n"
        asked = [one for one in server.requests if one.kind in ("shell", "text", "side")]
        assert len(asked) >= 2
        for one in server.requests:
            assert one.key == KEY
            assert end.key not in str(one.headers) + one.path + str(one.body)
            assert KEY in str(one.headers)
    uses = list(gateway.models("agent").values())
    for what, each in (("input", 1000), ("cached", 200), ("output", 50), ("requests", 1)):
        assert sum(getattr(use, what) for use in uses) == each * len(asked), what
    # All that this CLI asks for is a question to a model.
    assert not [line for line in lines if "refused" in line or "error" in line]
    assert gateway.counts("agent") == (len(server.requests), 0)
    assert [status for _, status in gateway.outcomes("agent")] == [200] * len(server.requests)
    said = attempt.stdout + attempt.stderr
    assert KEY not in said
    assert gateway.cost("agent") == pytest.approx(1050e-6 * len(asked))


@each_cli
def test_a_run_that_passes_its_limit_ends_soon_and_says_why(name: str, tmp_path: Path):
    with ScriptedServer(SCRIPT, key=KEY) as server:
        gateway, _, attempt, _ = play(name, server, tmp_path, max_cost=1e-6)
    assert gateway.over_cost
    assert (attempt.ending.ended, attempt.ending.exit_code != 0) == ("exited", True)
    assert attempt.ending.seconds < 30
    assert "limit of cost" in attempt.stdout + attempt.stderr
