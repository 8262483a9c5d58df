"""The agent ``shell``: any command of the user's, in both sandboxes."""

from __future__ import annotations

import pytest
from agent_launches import KEY, Seat

from posttrainbench.agents.shell import Shell
from posttrainbench.errors import SpecError
from posttrainbench.sandboxes import Sandbox
from posttrainbench.sandboxes.bubblewrap import Bubblewrap
from posttrainbench.sandboxes.host import Host
from posttrainbench.spec import AgentChoice
from posttrainbench.traces.events import Raw

PROMPT = "-n 'task' \"of\" $HOME\n" + "z" * 100_000 + "\nend"
COMMAND = """
set -eu
cat > from_stdin.txt
cp "$PTB_PROMPT" from_file.txt
echo "$PTB_BASE_URL $PTB_API_KEY $OPENAI_BASE_URL $OPENAI_API_KEY $PTB_LLM $PTB_MODEL $PTB_DATA"
tr '\\0' ' ' < /proc/$$/cmdline
echo >&2 "on stderr"
"""


@pytest.fixture
def sandbox(sandbox_name) -> Sandbox:
    return Bubblewrap() if sandbox_name == "bubblewrap" else Host()


def test_the_command_gets_the_prompt_and_the_endpoint(sandbox, tmp_path):
    seat = Seat(tmp_path, sandbox)
    attempt = seat.play(Shell(), PROMPT, url="http://127.0.0.1:9/agent", model="some-model",
                        options={"command": COMMAND, "api": "openai-chat"})  # fmt: skip
    assert attempt.ending.exit_code == 0, attempt.stderr
    assert (seat.workspace / "from_stdin.txt").read_text() == PROMPT
    assert (seat.workspace / "from_file.txt").read_text() == PROMPT
    told, argv = attempt.stdout.splitlines()
    url = "http://127.0.0.1:9/agent"
    assert told == f"{url} {KEY} {url} {KEY} some-model /models/base /data"
    assert "cat" not in argv
    assert {(event.stream, event.text) for event in attempt.of(Raw)} == {
        ("stdout", told), ("stdout", argv), ("stderr", "on stderr"),
    }  # fmt: skip


def test_without_an_api_there_is_no_model(tmp_path):
    choice = AgentChoice(name="shell", options={"command": "true"})
    assert Shell().provider(choice) is None
    attempt = Seat(tmp_path, Host()).play(Shell(), "x", url="http://127.0.0.1:9",
                                          options={"command": "env; exit 7"})  # fmt: skip
    assert attempt.ending.exit_code == 7
    assert "127.0.0.1" not in attempt.stdout
    assert KEY not in attempt.stdout


@pytest.mark.parametrize("api", ["anthropic", "openai-responses", "openai-chat", "gemini"])
def test_each_api_has_its_usual_endpoint_and_key(api):
    options = {"command": "true", "api": api}
    usual = Shell().provider(AgentChoice(name="shell", options=options))
    assert usual is not None
    assert usual.api == api
    assert usual.base_url.startswith("https://")
    own = AgentChoice(name="shell", options=options, base_url="http://x", key_variable="MINE")
    found = Shell().provider(own)
    assert found is not None
    assert (found.base_url, found.key_variable) == ("http://x", "MINE")


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        ({}, "needs the option command"),
        ({"options": {"command": " "}}, "needs the option command"),
        ({"options": {"command": "true", "x": "1"}}, "no option 'x'"),
        ({"options": {"command": "true", "api": "soap"}}, "knows no API 'soap'"),
        ({"options": {"command": "true"}, "model": "m"}, "only with the option api"),
        ({"options": {"command": "true"}, "version": "1"}, "no version"),
        ({"options": {"command": "true"}, "reasoning_effort": "low"}, "reasoning_effort"),
    ],
)
def test_choices_that_make_no_sense_are_refused(choice, says):
    with pytest.raises(SpecError) as caught:
        Shell().check(AgentChoice(name="shell", **choice))
    assert says in str(caught.value)
