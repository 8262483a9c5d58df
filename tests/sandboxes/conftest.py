"""A desk to run shell scripts at, in every kind of sandbox that this machine has."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from posttrainbench.sandboxes import Ending, Layout, Limits, Mount, Request, Sandbox
from posttrainbench.sandboxes.bubblewrap import Bubblewrap
from posttrainbench.sandboxes.host import Host
from posttrainbench.sandboxes.runner import run

# The brackets keep grep from finding itself.
SIX_DESCENDANTS = """
sleep $TOKEN &
nohup sleep $TOKEN >/dev/null 2>&1 &
setsid -f sleep $TOKEN
setsid -f bash -c 'trap "" TERM; sleep $TOKEN; sleep $TOKEN'
sleep $TOKEN & disown
( ( sleep $TOKEN & ) & )
for try in $(seq 200); do
  found=$(grep -lz "[3]${TOKEN#3}" /proc/[0-9]*/cmdline 2>/dev/null | wc -l)
  [ "$found" -ge 6 ] && break
  sleep 0.02
done
echo "started $found"
"""


@dataclass
class Collected:
    """An Output that keeps what comes, and can react to it."""

    stdout: bytes = b""
    stderr: bytes = b""
    counted: int = 0
    keep: int = 1_000_000
    react: Callable[[bytes], None] | None = None

    def write(self, stream: Literal["stdout", "stderr"], chunk: bytes) -> None:
        self.counted += len(chunk)
        if self.counted <= self.keep:
            setattr(self, stream, getattr(self, stream) + chunk)
        if self.react is not None:
            self.react(chunk)

    @property
    def text(self) -> str:
        return self.stdout.decode()


@dataclass
class Desk:
    """A workspace, a scratch folder and a sandbox."""

    sandbox: Sandbox
    folder: Path
    network: bool = False
    """The default: off, except where the machine's means cannot switch it off."""
    token: str = field(default_factory=lambda: f"3600.{random.randrange(10**9, 10**10)}")

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    def layout(self, *mounts: Mount, **rest: Any) -> Layout:
        self.workspace.mkdir(parents=True, exist_ok=True)
        work = Mount(self.workspace, "/workspace", writable=True)
        return Layout(self.folder / "scratch", (work, *mounts), **rest)

    def request(self, *argv: str, layout: Layout | None = None, **rest: Any) -> Request:
        layout = layout or self.layout()
        rest.setdefault("network", self.network)
        rest.setdefault("limits", Limits(seconds=60, grace_seconds=1))
        rest["env"] = {"TOKEN": self.token, **rest.get("env", {})}
        return Request(layout, argv, self.sandbox.where(layout, "/workspace"), **rest)

    def run(
        self,
        script: str,
        *,
        output: Collected | None = None,
        on_tick: Callable[[float], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
        **rest: Any,
    ) -> tuple[Ending, Collected]:
        output = output or Collected()
        request = self.request("bash", "-c", script, **rest)
        ending = run(self.sandbox, request, output, on_tick=on_tick, should_stop=should_stop)
        return ending, output

    def alive(self) -> int:
        """Processes of the whole machine that carry this desk's token in their arguments."""
        return len(processes_with(self.token))


def processes_with(text: str) -> list[str]:
    """Command lines of the machine's processes that contain ``text``."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if text.encode() in line:
                found.append(line.decode(errors="replace"))
    return found


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _require_bubblewrap() -> Bubblewrap:
    sandbox = Bubblewrap()
    probe = sandbox.probe()
    if not probe.available:
        if os.environ.get("PTB_REQUIRE") == "all":
            pytest.fail(f"bubblewrap is required: {probe.reason}")
        pytest.skip(f"no working bubblewrap: {probe.reason}")
    return sandbox


def _host() -> Host:
    sandbox = Host()
    if not sandbox.probe().available:
        pytest.skip("the host sandbox needs Linux")
    return sandbox


@pytest.fixture
def without_unshare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PATH as on a machine that has no util-linux ``unshare``."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for program in ("rm", "cp", "du", "chmod"):
        path = shutil.which(program)
        assert path is not None
        (folder / program).symlink_to(path)
    monkeypatch.setenv("PATH", str(folder))


@pytest.fixture
def bubblewrap(tmp_path: Path) -> Desk:
    return Desk(_require_bubblewrap(), tmp_path / "run")


@pytest.fixture(params=["bubblewrap", "host"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Desk:
    sandbox: Sandbox = _require_bubblewrap() if request.param == "bubblewrap" else _host()
    return Desk(sandbox, tmp_path / "run")


@pytest.fixture
def bare_host(tmp_path: Path, without_unshare: None) -> Desk:
    """The host sandbox on a machine where no PID namespace can be made."""
    return Desk(_host(), tmp_path / "run", network=True)


@pytest.fixture(params=["bubblewrap", "host", "host without unshare"])
def any_desk(request: pytest.FixtureRequest, tmp_path: Path) -> Desk:
    """Also the host sandbox on a machine where no PID namespace can be made."""
    if request.param == "bubblewrap":
        return Desk(_require_bubblewrap(), tmp_path / "run")
    if request.param != "host":
        bare: Desk = request.getfixturevalue("bare_host")
        return bare
    return Desk(_host(), tmp_path / "run")


@pytest.fixture
def collected() -> Callable[..., Collected]:
    return Collected


@pytest.fixture
def six_descendants() -> str:
    return SIX_DESCENDANTS


@pytest.fixture
def eventually() -> Callable[..., bool]:
    return wait_until


@pytest.fixture
def command_lines() -> Callable[[str], list[str]]:
    return processes_with
