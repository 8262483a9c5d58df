"""How a run ends, and that the record says so."""

from __future__ import annotations

import time

import pytest

from posttrainbench.errors import SandboxError
from posttrainbench.sandboxes import Limits, Mount
from posttrainbench.sandboxes.runner import run


def test_exit_code(any_desk):
    ending, _ = any_desk.run("exit 42")
    assert (ending.ended, ending.exit_code, ending.signal, ending.killed) == (
        "exited", 42, None, False,
    )  # fmt: skip
    assert ending.cpu_seconds is not None
    assert ending.cpu_seconds > 0


def test_an_exit_code_above_128_is_no_signal(any_desk):
    ending, _ = any_desk.run("exit 143")
    assert (ending.exit_code, ending.signal) == (143, None)


def test_death_by_a_signal(any_desk):
    ending, _ = any_desk.run("kill -SEGV $$")
    if any_desk.sandbox.name == "bubblewrap":
        # bubblewrap tells it like a shell does; we do not guess.
        assert (ending.exit_code, ending.signal) == (139, None)
    else:
        assert (ending.exit_code, ending.signal) == (None, 11)


def test_deadline_lets_a_trap_finish(any_desk):
    script = "trap 'echo saved > kept; exit 0' TERM; echo up; sleep 60"
    ending, _ = any_desk.run(script, limits=Limits(seconds=0.7, grace_seconds=20))
    assert (any_desk.workspace / "kept").read_text() == "saved\n"
    assert (ending.ended, ending.exit_code, ending.killed) == ("out-of-time", 0, False)
    assert 0.7 <= ending.seconds < 10


def test_deadline_by_the_signal_itself(any_desk):
    ending, _ = any_desk.run("exec sleep 60", limits=Limits(seconds=0.5, grace_seconds=20))
    assert (ending.ended, ending.signal, ending.killed) == ("out-of-time", 15, False)


def test_who_ignores_the_end_signal_is_killed_after_the_grace(any_desk):
    script = "trap '' TERM; while true; do sleep 0.05; done"
    ending, _ = any_desk.run(script, limits=Limits(seconds=0.5, grace_seconds=0.7))
    assert (ending.ended, ending.signal, ending.exit_code, ending.killed) == (
        "out-of-time", 9, None, True,
    )  # fmt: skip
    assert 1.2 <= ending.seconds < 8


def test_interrupted(any_desk):
    start = time.monotonic()
    ending, _ = any_desk.run("sleep 60", should_stop=lambda: time.monotonic() > start + 0.5)
    assert ending.ended == "interrupted"
    assert ending.seconds < 10


def test_ticks_tell_the_elapsed_seconds(desk):
    ticks: list[float] = []
    desk.run("sleep 2.5", on_tick=ticks.append)
    assert len(ticks) == 2
    assert ticks[0] == pytest.approx(1, abs=0.6)
    assert ticks == sorted(ticks)


@pytest.mark.parametrize(
    ("argv", "code"), [(("no-such-program",), 127), (("/no/such/program", "x"), 127)]
)
def test_command_not_found(any_desk, collected, argv, code):
    output = collected()
    ending = run(any_desk.sandbox, any_desk.request(*argv), output)
    assert ending.exit_code == code
    assert b"not found" in output.stderr
    assert argv[0].encode() in output.stderr


def test_command_not_executable(any_desk, collected):
    (any_desk.folder / "workspace").mkdir(parents=True)
    (any_desk.workspace / "data").write_text("x")
    output = collected()
    ending = run(any_desk.sandbox, any_desk.request("./data"), output)
    assert ending.exit_code == 126
    assert b"ermission denied" in output.stderr


@pytest.mark.parametrize("argv", [(), ("",), ("echo", "a\0b")])
def test_impossible_commands_are_refused(any_desk, collected, argv):
    with pytest.raises(SandboxError, match="command"):
        run(any_desk.sandbox, any_desk.request(*argv), collected())


def test_impossible_environment_is_refused_without_its_value(any_desk):
    with pytest.raises(SandboxError, match="'BAD'") as caught:
        any_desk.run("true", env={"BAD": "se\0cret"})
    assert "cret" not in str(caught.value)


def test_missing_workdir_is_a_clear_error(any_desk, collected):
    request = any_desk.request("true")
    request = type(request)(**{**request.__dict__, "workdir": "/no/such/folder"})
    with pytest.raises(SandboxError, match="/no/such/folder"):
        run(any_desk.sandbox, request, collected())


def test_missing_mount_is_a_clear_error(bubblewrap, tmp_path):
    layout = bubblewrap.layout(Mount(tmp_path / "absent", "/data"))
    with pytest.raises(SandboxError, match="absent"):
        bubblewrap.run("true", layout=layout)


def test_a_planted_link_for_the_home_is_refused(any_desk, tmp_path):
    (any_desk.folder / "scratch").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (any_desk.folder / "scratch" / "home").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SandboxError, match="symbolic link"):
        any_desk.run("true")
