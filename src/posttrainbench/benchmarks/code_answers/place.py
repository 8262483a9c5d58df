"""Where an answer runs: the sandbox, and what little of this machine the code sees in it."""

from __future__ import annotations

import functools
import os
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ...errors import SandboxError
from ...sandboxes import HOME, Layout, Limits, Mount, Request, Sandbox
from ...sandboxes.choose import choose
from ...sandboxes.private import remove_tree
from ...sandboxes.runner import run

ALONE = Path(__file__).with_name("alone")
_TARGET = "/answer/alone"
_START = "import sys; sys.path.append(sys.argv[1]); from alone.{module} import main; main()"

# As -I, but for one variable: with the same hashes, sets come in the same order every time, and
# an answer that depends on it gets the same verdict every time.
_FLAGS = ("-P", "-s", "-S", "-B")
ENVIRONMENT = {"PYTHONHASHSEED": "0"}

_PIDS = 16
"""bubblewrap's two processes and the interpreter, with room for another sandbox's."""


@dataclass(frozen=True)
class Place:
    """A sandbox that works here, and whether it has to be given the host's network."""

    sandbox: Sandbox
    network: bool


_finding = threading.Lock()


def find_place(name: str) -> Place:
    """The sandbox of that name, tried once in the life of this process.

    Raises:
        UnknownNameError: no sandbox has that name.
        MissingRequirementError: it does not work here.
        SandboxError: it isolates files, but cannot keep the network off.
    """
    with _finding:
        return _found(name)


@functools.cache
def _found(name: str) -> Place:
    sandbox = choose(name)
    place = Place(sandbox, network=False)
    with scratch() as folder:
        try:
            run(sandbox, Request(Layout(folder), ("true",), sandbox.where(Layout(folder), HOME)),
                Nowhere())  # fmt: skip
        except SandboxError:
            if sandbox.isolates_files:
                raise
            # The answer's own filter refuses sockets, so that the network is of no use to it.
            return Place(sandbox, network=True)
    return place


class Nowhere:
    """An Output that keeps nothing: what an answer prints does not count."""

    def write(self, stream: object, chunk: bytes) -> None:
        """Drop it."""


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for one sandbox; removed whatever was made of it."""
    folder = Path(tempfile.mkdtemp(prefix="ptb-answer-"))
    try:
        yield folder / "scratch"
    finally:
        remove_tree(folder)


def checker_command(descriptor: int) -> list[str]:
    """The checker, outside of every sandbox, with its end of the connection."""
    start = _START.format(module="checker")
    return [sys.executable, *_FLAGS, "-c", start, str(ALONE.parent), str(descriptor)]


def answer_request(
    place: Place,
    folder: Path,
    connection: int,
    *,
    memory: int,
    seconds: float,
    start_seconds: float,
) -> Request:
    """The sandbox of one answer.

    Args:
        folder: where its private home and /tmp stand.
        connection: its end of the connection.
        memory: bytes.
        seconds: how long the answer may take, once it runs.
        start_seconds: how long the sandbox may take to get there.
    """
    empty = folder.with_name("empty")
    empty.mkdir(exist_ok=True)
    layout = Layout(folder, (Mount(ALONE, _TARGET), *_interpreter(empty)))
    where = place.sandbox.where
    packages = str(Path(where(layout, _TARGET)).parent)
    python = str(Path(sys.executable).resolve())
    start = _START.format(module="answer")
    # The kernel's limit on the processor's time is a second line behind the clock.
    bounds = (str(memory), str(int(seconds) + 5))
    return Request(
        layout,
        (python, *_FLAGS, "-c", start, packages, *bounds),
        workdir=where(layout, HOME),
        env=ENVIRONMENT,
        connection=connection,
        network=place.network,
        limits=Limits(
            memory=memory, pids=_PIDS, seconds=start_seconds + seconds + 5, grace_seconds=0
        ),
    )


def _interpreter(empty: Path) -> tuple[Mount, ...]:
    """The interpreter and its standard library; over every folder of packages an empty one."""
    base = {Path(sys.base_prefix).resolve(), Path(sys.base_exec_prefix).resolve()}
    base |= {Path(sys.executable).resolve().parent.parent}
    outside = [path for path in base if not path.is_relative_to("/usr")]
    shown = (Path("/usr"), *outside)
    own = sysconfig.get_paths()
    paths = sysconfig.get_paths(vars={"base": sys.base_prefix, "platbase": sys.base_exec_prefix})
    packages = {Path(found[key]) for found in (own, paths) for key in ("purelib", "platlib")}
    packages |= {Path(path) for path in sys.path if path.endswith("-packages")}
    for folder in ("/usr/lib", "/usr/local/lib"):
        packages |= set(Path(folder).glob("python3*/*-packages"))
    hidden = sorted(
        path
        for path in {path.resolve() for path in packages}
        if path.is_dir() and any(path.is_relative_to(place) for place in shown)
    )
    mounts = [Mount(path, str(path)) for path in outside]
    return (*mounts, *(Mount(empty, str(path)) for path in hidden))


def workers() -> int:
    """How many answers are judged at once: one a core that this process may use, 16 at most.

    Each may take its whole memory, and a container may have fewer cores than it shows.
    """
    return min(16, len(os.sched_getaffinity(0)))
