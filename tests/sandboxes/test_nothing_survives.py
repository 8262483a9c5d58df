"""Six descendants of every sort, four ways to end: none is left."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from posttrainbench.sandboxes import Limits, cgroups

WORKER = """
import json, sys
from pathlib import Path
from posttrainbench.sandboxes import Layout, Limits, Mount, Request
from posttrainbench.sandboxes.runner import run
from posttrainbench.sandboxes.{module} import {name}

class Quiet:
    def write(self, stream, chunk):
        pass

job = json.loads(sys.argv[1])
folder = Path(job["folder"])
layout = Layout(folder / "scratch", (Mount(folder / "workspace", "/workspace", True),))
sandbox = {name}()
run(sandbox, Request(layout, ("bash", "-c", job["script"]), sandbox.where(layout, "/workspace"),
                     env={{"TOKEN": job["token"]}}, network=job["network"]), Quiet())
"""


def test_after_a_normal_exit(any_desk, six_descendants):
    ending, output = any_desk.run(six_descendants + "exit 3")
    assert output.text == "started 6\n"
    assert (ending.ended, ending.exit_code, ending.survivors) == ("exited", 3, 0)
    assert any_desk.alive() == 0
    assert ending.seconds < 20


def test_after_the_deadline(any_desk, six_descendants):
    ending, output = any_desk.run(
        six_descendants + "sleep 300", limits=Limits(seconds=2.5, grace_seconds=1)
    )
    assert output.text == "started 6\n"
    assert (ending.ended, ending.survivors) == ("out-of-time", 0)
    assert any_desk.alive() == 0


def test_after_should_stop(any_desk, six_descendants, collected):
    output = collected()
    ending, _ = any_desk.run(
        six_descendants + "sleep 300",
        output=output,
        should_stop=lambda: b"started" in output.stdout,
    )
    assert output.text == "started 6\n"
    assert (ending.ended, ending.survivors) == ("interrupted", 0)
    assert any_desk.alive() == 0


def test_after_sigkill_of_the_worker(any_desk, six_descendants, eventually):
    any_desk.layout()
    kind = type(any_desk.sandbox)
    code = WORKER.format(module=kind.__module__.rpartition(".")[2], name=kind.__name__)
    job = {
        "folder": str(any_desk.folder),
        "script": six_descendants + "exec sleep $TOKEN",
        "token": any_desk.token,
        "network": any_desk.network,
    }
    worker = subprocess.Popen([sys.executable, "-c", code, json.dumps(job)])
    try:
        # The worker itself has the token in its arguments, too: one more than the seven.
        assert eventually(lambda: any_desk.alive() >= 8)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        assert eventually(lambda: any_desk.alive() == 0, 10)
    finally:
        worker.kill()
        worker.wait()


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_after_an_exception_in_the_caller(any_desk, six_descendants, collected, error):
    def fail(chunk: bytes) -> None:
        raise error("from the caller")

    with pytest.raises(error, match="from the caller"):
        any_desk.run(six_descendants + "sleep 300", output=collected(react=fail))
    assert any_desk.alive() == 0


@pytest.mark.parametrize("with_groups", [True, False])
def test_a_command_that_kills_its_own_keepers(bare_host, eventually, monkeypatch, with_groups):
    """Without a namespace the command can reach them; its processes are found by their mark."""
    if not with_groups:
        monkeypatch.setattr(cgroups, "hierarchies", lambda: ())
    script = """
    setsid -f sleep $TOKEN
    keeper=$(cut -d' ' -f4 /proc/$PPID/stat)
    kill -9 $keeper $PPID
    exec sleep $TOKEN
    """
    ending, _ = bare_host.run(script)
    assert ending.survivors == 0
    assert eventually(lambda: bare_host.alive() == 0, 2)


def test_a_held_open_pipe_does_not_prolong_the_run(any_desk):
    started = time.monotonic()
    ending, output = any_desk.run("setsid -f sleep $TOKEN; echo done")
    assert output.text == "done\n"
    assert time.monotonic() - started < 10
    assert ending.exit_code == 0
    assert any_desk.alive() == 0


def test_no_descriptor_and_no_temporary_file_is_left(any_desk):
    def descriptors() -> set[str]:
        return {entry.name for entry in Path("/proc/self/fd").iterdir()}

    any_desk.run("true")
    before = descriptors()
    any_desk.run("true")
    assert descriptors() == before
    assert sorted(path.name for path in any_desk.folder.iterdir()) == ["scratch", "workspace"]
