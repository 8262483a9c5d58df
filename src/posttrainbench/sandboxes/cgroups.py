"""Control groups: a group a run in every hierarchy that lets us make one.

Version 1 (one hierarchy a controller), version 2 (one for all) and a hybrid of both are used as
they are found.  A group is made below the worker's own, or, where version 2 forbids that because
the worker itself stands there, beside it.  Where none can be made, limits are named as not
enforced; nothing is pretended.
"""

from __future__ import annotations

import os
import secrets
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..units import format_size
from . import Limits

_CONTROLLERS = ("memory", "pids", "cpu", "cpuacct")
_PREFIX = "ptb-"
_YOUNG_S = 300.0
"""Far more than lies between the making of a group and its first process."""
_PERIOD_US = 100_000
_REMOVE_SECONDS = 2.0


@dataclass(frozen=True)
class Hierarchy:
    """One mounted cgroup tree and the group in it that this process stands in."""

    version: int
    controllers: frozenset[str]
    own: Path
    top: Path
    """Where the tree is mounted; nothing above it is ours to see."""


class Group:
    """The groups of one run; also the empty set of them, where none can be made."""

    def __init__(self, folders: dict[Path, Hierarchy]) -> None:
        self._folders = folders
        self._limited: dict[str, str] = {}

    @property
    def procs(self) -> tuple[Path, ...]:
        """The files that a process writes ``0`` to in order to enter."""
        return tuple(folder / "cgroup.procs" for folder in self._folders)

    def limit(self, limits: Limits) -> None:
        """Set what can be set; :meth:`mechanism` tells afterwards which."""
        if limits.memory is not None:
            for folder, tree in self._with("memory"):
                name = "memory.limit_in_bytes" if tree.version == 1 else "memory.max"
                if _write(folder / name, limits.memory):
                    # Swap must be no way around the limit.
                    swap, value = ("memory.memsw.limit_in_bytes", limits.memory)
                    if tree.version == 2:
                        swap, value = ("memory.swap.max", 0)
                    _write(folder / swap, value)
                    size = format_size(limits.memory)
                    self._limited["memory"] = f"cgroup v{tree.version} memory {size}"
        if limits.pids is not None:
            for folder, tree in self._with("pids"):
                if _write(folder / "pids.max", limits.pids):
                    self._limited["pids"] = f"cgroup v{tree.version} pids {limits.pids}"
        if limits.cpus is not None:
            for folder, tree in self._with("cpu"):
                quota = max(1000, round(limits.cpus * _PERIOD_US))
                if tree.version == 2:
                    done = _write(folder / "cpu.max", f"{quota} {_PERIOD_US}")
                else:
                    done = _write(folder / "cpu.cfs_period_us", _PERIOD_US)
                    done = done and _write(folder / "cpu.cfs_quota_us", quota)
                if done:
                    self._limited["cpu"] = f"cgroup v{tree.version} cpu {limits.cpus:g} cores"

    def mechanism(self, what: str, limit: float | None) -> str:
        """How ``cpu``, ``memory`` or ``pids`` is limited, in words for the record."""
        if limit is None:
            return "no limit asked for"
        return self._limited.get(what, "not enforced: no writable cgroup with this controller")

    def cpu_seconds(self) -> float | None:
        """CPU time of everything that was in the group, user and system."""
        for folder, tree in self._folders.items():
            if tree.version == 2:
                used = _field(folder / "cpu.stat", "usage_usec")
                if used is not None:
                    return used / 1e6
            elif "cpuacct" in tree.controllers:
                nanoseconds = _number(folder / "cpuacct.usage")
                if nanoseconds is not None:
                    return nanoseconds / 1e9
        return None

    def peak_memory(self) -> int | None:
        """Highest use in bytes, page cache included."""
        for folder, tree in self._with("memory"):
            return _number(
                folder / ("memory.max_usage_in_bytes" if tree.version == 1 else "memory.peak")
            )
        return None

    def oom_kills(self) -> int:
        """How many processes of the group the kernel killed for want of memory."""
        for folder, tree in self._with("memory"):
            name = "memory.oom_control" if tree.version == 1 else "memory.events"
            return _field(folder / name, "oom_kill") or 0
        return 0

    def members(self) -> set[int]:
        """Pids of the processes now in the group."""
        return {int(pid) for procs in self.procs for pid in _read(procs).split()}

    def kill(self) -> None:
        """SIGKILL to every member, by the group, never by name."""
        for folder in self._folders:
            _write(folder / "cgroup.kill", 1)
        for pid in self.members():
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)

    def remove(self) -> None:
        """Remove the groups; one that is still busy after two seconds is left behind."""
        deadline = time.monotonic() + _REMOVE_SECONDS
        for folder in self._folders:
            while not _rmdir(folder) and time.monotonic() < deadline:
                time.sleep(0.01)

    def _with(self, controller: str) -> Iterator[tuple[Path, Hierarchy]]:
        for folder, tree in self._folders.items():
            present = tree.controllers
            if tree.version == 2:
                present = frozenset(_read(folder / "cgroup.controllers").split())
            if controller in present:
                yield folder, tree


@contextmanager
def group(limits: Limits, trees: tuple[Hierarchy, ...] | None = None) -> Iterator[Group]:
    """Make the groups of one run, limit them, and remove them at the end."""
    name = f"{_PREFIX}{os.getpid()}-{secrets.token_hex(4)}"
    folders: dict[Path, Hierarchy] = {}
    for tree in hierarchies() if trees is None else trees:
        folder = _make(tree, name)
        if folder is not None:
            folders[folder] = tree
    made = Group(folders)
    try:
        made.limit(limits)
        yield made
    finally:
        made.remove()


def hierarchies(process: Path = Path("/proc/self")) -> tuple[Hierarchy, ...]:
    """The cgroup trees that hold a controller of use, and where ``process`` stands in them."""
    mounts: list[tuple[str, frozenset[str], str, str]] = []
    for line in _read(process / "mountinfo").splitlines():
        left, _, right = line.partition(" - ")
        kind, _, options = right.split(" ", 2)
        if kind in ("cgroup", "cgroup2"):
            root, point = (_unescape(part) for part in left.split(" ")[3:5])
            mounts.append((kind, frozenset(options.rsplit(" ")[-1].split(",")), root, point))
    found: dict[Path, Hierarchy] = {}
    for line in _read(process / "cgroup").splitlines():
        _, names, path = line.split(":", 2)
        controllers = frozenset(names.split(",")) & frozenset(_CONTROLLERS)
        for kind, mounted, root, point in mounts:
            mine = kind == "cgroup2" if not names else kind == "cgroup" and controllers & mounted
            if not mine or not PurePosixPath(path).is_relative_to(root):
                continue
            own = Path(point) / PurePosixPath(path).relative_to(root)
            version = 1 if names else 2
            found.setdefault(own, Hierarchy(version, frozenset(controllers), own, Path(point)))
    return tuple(found.values())


def _make(tree: Hierarchy, name: str) -> Path | None:
    """A new group below or beside our own, with whatever controllers can be had."""
    bases = [tree.own]
    if tree.version == 2:
        available = _read(tree.own / "cgroup.controllers").split()
        for controller in sorted(set(available) & set(_CONTROLLERS)):
            # Refused where processes stand in this very group; then our neighbour may do.
            _write(tree.own / "cgroup.subtree_control", f"+{controller}")
        enabled = set(_read(tree.own / "cgroup.subtree_control").split())
        if tree.own != tree.top and not enabled & set(_CONTROLLERS):
            bases.insert(0, tree.own.parent)
    for base in bases:
        # Moving a process also needs the right to write here, at the common ancestor.
        if not os.access(base / "cgroup.procs", os.W_OK):
            continue
        _remove_stale(base)
        with suppress(OSError):
            (base / name).mkdir()
            return base / name
    return None


def _remove_stale(base: Path) -> None:
    """Remove groups of workers that were killed; one that still has processes cannot be removed.

    A young one is left alone: it may be about to get its first process, and its owner may live in
    another PID namespace, where we cannot see it.
    """
    for folder in base.glob(f"{_PREFIX}*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if not Path("/proc", owner).exists() and _age(folder) > _YOUNG_S:
            _rmdir(folder)


def _age(folder: Path) -> float:
    """Seconds since a group was made; 0 where it is gone."""
    try:
        return time.time() - folder.stat().st_ctime
    except OSError:
        return 0.0


def _rmdir(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _unescape(path: str) -> str:
    return path.encode().decode("unicode_escape")


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _write(path: Path, value: object) -> bool:
    try:
        # Never create: the kernel made every file that there is; some can only be written.
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        os.write(descriptor, str(value).encode())
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _number(path: Path) -> int | None:
    text = _read(path).strip()
    return int(text) if text.isdigit() else None


def _field(path: Path, name: str) -> int | None:
    for line in _read(path).splitlines():
        key, _, value = line.partition(" ")
        if key == name and value.strip().isdigit():
            return int(value)
    return None
