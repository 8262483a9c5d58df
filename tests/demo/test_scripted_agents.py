"""What the scripted agents ask the sandbox to start."""

from __future__ import annotations

import pytest

from posttrainbench.agents import Desk
from posttrainbench.errors import SpecError
from posttrainbench.registry import make
from posttrainbench.spec import AgentChoice

NAMES = ("noop", "submit-base", "reference", "tamper-evaluator", "train-on-test")
DESK = Desk(
    workspace="/workspace", prompt="Do your bést.", model="/ptb/model", home="/home/agent",
    python="/usr/bin/python3", budget_seconds=60, benchmark="bfcl-demo", data="/ptb/data",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_each_starts_its_script_with_the_prompt_on_stdin(name):
    agent = make("agent", name)
    launch = agent.launch(DESK, AgentChoice(name=name))
    script = f"posttrainbench.demo.play.{name.replace('-', '_')}"
    assert launch.argv == ("/usr/bin/python3", "-m", script)
    assert launch.stdin.decode() == DESK.prompt
    assert launch.env["PTB_MODEL"] == "/ptb/model"
    assert launch.env["PTB_DATA"] == "/ptb/data"
    assert agent.credentials == ()
    assert agent.name == name
    assert agent.title
    assert agent.version()


def test_options_become_flags():
    options = {"steps": "3", "learning_rate": "1e-4", "seed": "7", "first_layer": "2"}
    launch = make("agent", "reference").launch(DESK, AgentChoice(name="reference", options=options))
    assert launch.argv[3:] == (
        "--first-layer", "2", "--learning-rate", "1e-4", "--seed", "7", "--steps", "3",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("stepz", "3", "no option 'stepz'"),
        ("steps", "0", "from 1"),
        ("steps", "many", "many"),
        ("steps", "--help", "--help"),
        ("seed", "-1", "from 0"),
        ("rank", "1e3", "1e3"),
        ("learning_rate", "nan", "between 0 and 1"),
        ("learning_rate", "2", "between 0 and 1"),
    ],
)
def test_wrong_options_are_refused_before_anything_starts(option, value, reason):
    choice = AgentChoice(name="reference", options={option: value})
    with pytest.raises(SpecError, match=reason):
        make("agent", "reference").launch(DESK, choice)


@pytest.mark.parametrize("name", ["noop", "submit-base", "tamper-evaluator"])
def test_agents_without_options_take_none(name):
    with pytest.raises(SpecError, match="no option 'steps'"):
        make("agent", name).launch(DESK, AgentChoice(name=name, options={"steps": "3"}))


def test_a_model_to_choose_is_refused():
    with pytest.raises(SpecError, match="takes no model"):
        make("agent", "noop").launch(DESK, AgentChoice(name="noop", model="big"))
