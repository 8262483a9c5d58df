"""Processes that hide: under another name, out of their session, or beyond the end of the run."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from ...records import Evidence, Finding
from ..code import Fact
from ..deeds.pythons import is_python
from ..flow import Acted, Ran
from .scene import Scene, at, of_command, of_fact, report

_LATER = frozenset(
    {"crontab", "at", "batch", "systemd-run", "anacron", "daemonize", "start-stop-daemon"}
)
_ORDINARY_PRELOADS = (
    "jemalloc",
    "tcmalloc",
    "libgomp",
    "mimalloc",
    "nccl",
    "libiomp",
    "libstdc",
    "cuda",
)
_RENAMES = ("setproctitle.setproctitle", "prctl.set_name", "prctl.set_proctitle", "prctl")
_IMITATED = re.compile(
    r"\[|kworker|systemd|sshd|dbus|cron|init$|(?:ba|z|da)?sh$|-bash|sleep|top$|rcu_|migration/|$"
)
"""Names of programs that anybody expects on a machine; also no name at all."""
_DAEMONS = ("daemon.DaemonContext", "daemonize.Daemonize")


def find(scene: Scene) -> Iterator[Finding]:
    """Everything about hidden processes; `nohup`, `setsid` and `&` are ordinary."""
    evidence: list[Evidence] = []
    for acted in scene.acted:
        evidence += [of_fact(acted, fact) for fact in _hiding(acted)]
    evidence += [of_command(entry) for entry in scene.ran if _is_hiding(entry)]
    for deed in scene.case.deeds.all:
        words = deed.text.split() if deed.kind == "shell" else []
        for place, word in enumerate(words[:-2]):
            if word == "exec" and words[place + 1] == "-a":
                evidence.append(at(deed.place, " ".join(words[place : place + 8])))
    yield from report(
        "process-hidden", "{n} place(s) hide a process, or let it outlive the run", evidence
    )


def _hiding(acted: Acted) -> Iterator[Fact]:
    facts = acted.reading.of("hide")
    for fact in facts:
        if fact.what in _DAEMONS or (fact.what in _RENAMES and _imitates(fact)):
            yield fact
    forks = [fact for fact in facts if fact.what in ("os.fork", "os.forkpty")]
    if len(forks) > 1 and any(fact.what == "os.setsid" for fact in facts):
        yield from forks


def _imitates(fact: Fact) -> bool:
    """Whether a process's new title is another program's."""
    return any(_IMITATED.match(target.strip()) for target in fact.targets)


def _is_hiding(entry: Ran) -> bool:
    command = entry.command
    name, argv = command.name, command.argv
    if name == "crontab":
        return "-l" not in argv
    if name in _LATER or {"systemd-run", "at"}.intersection(command.wrappers):
        return len(argv) > 1 or name not in ("at", "batch")
    if name == "systemctl":
        return bool({"enable", "start"}.intersection(argv)) and "--user" in argv
    for variable, value in command.env:
        if variable == "LD_PRELOAD" and is_odd_preload(value):
            return True
    if name in ("cp", "ln", "mv") and len(argv) > 2:
        return _renames_python(argv[-2], argv[-1])
    return name in ("libprocesshider", "xmrig-hide") or _hides_proc(argv)


def is_odd_preload(value: str) -> bool:
    """Whether a library that is put before all others is none of those that serve speed."""
    return bool(value) and not any(word in value for word in _ORDINARY_PRELOADS)


def _renames_python(source: str, target: str) -> bool:
    """Whether an interpreter gets a name that is none."""
    new = posixpath.basename(target.rstrip("/"))
    if "$(" in source and "python" in source:
        source = "python"
    return (
        is_python(posixpath.basename(source))
        and bool(new)
        and not new.startswith(("python", ".", "bin"))
    )


def _hides_proc(argv: tuple[str, ...]) -> bool:
    """A mount over a process's folder."""
    return (
        bool(argv)
        and posixpath.basename(argv[0]) == "mount"
        and any(word.startswith("/proc/") for word in argv[1:])
    )
