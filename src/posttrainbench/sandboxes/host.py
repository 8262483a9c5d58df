"""The host sandbox: no isolation of files, but nothing outlives the command."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..errors import SandboxError
from ..records import Enforcement
from . import HOME, TMP, Launch, Layout, Probe, Request
from .descriptors import memory_file
from .environment import PLAIN, check_command, command_env
from .private import inline_file, overlay_copy, prepare_scratch, private_copies

_PID = ("--pid", "--fork", "--kill-child", "--mount-proc")
_OWN_USER = ("--user", "--map-current-user", "--keep-caps")
_NET = ("--net",)


@dataclass(frozen=True)
class _Abilities:
    """Options for util-linux' ``unshare`` that work here; empty where none do."""

    pid: tuple[str, ...]
    net: tuple[str, ...]


class Host:
    """The command runs on the host's own files, with a private home and TMPDIR.

    A PID namespace of its own holds its processes together where ``unshare`` may make one; else
    the keeper does as child subreaper.
    """

    name = "host"
    isolates_files = False

    def probe(self) -> Probe:
        """Whether this is a Linux with /proc; never raises."""
        if not (sys.platform == "linux" and Path("/proc/self/stat").exists()):
            return Probe(
                False, reason="it needs Linux with /proc mounted", advice="run it on Linux"
            )
        return Probe(True, version=_version())

    def where(self, layout: Layout, target: str) -> str:
        """The host's own path for ``target``; what no mount covers keeps its path."""
        wanted = Path(target)
        places = [(HOME, layout.scratch / "home"), (TMP, layout.scratch / "tmp")]
        places += [(mount.target, mount.source) for mount in layout.mounts]
        places += [
            (overlay.target, overlay_copy(layout, i)) for i, overlay in enumerate(layout.overlays)
        ]
        places += [(file.target, inline_file(layout, i)) for i, file in enumerate(layout.files)]
        fitting = [(at, source) for at, source in places if wanted.is_relative_to(at)]
        if not fitting:
            return target
        at, source = max(fitting, key=lambda place: len(Path(place[0]).parts))
        return str(source.absolute() / wanted.relative_to(at))

    @contextmanager
    def launch(self, request: Request) -> Iterator[Launch]:
        """Prepare the private folders and describe the command to the supervisor.

        Raises:
            SandboxError: the network cannot be kept off here, or a private folder cannot be made.
        """
        check_command(request)
        unshare = self._unshare(request)
        with ExitStack() as stack:
            copies = stack.enter_context(private_copies(request.layout, overlays=True, files=True))
            home, tmp = prepare_scratch(request.layout)
            if not Path(request.workdir).is_dir():
                raise SandboxError(f"the working directory {request.workdir} is not a folder")
            read_end, write_end = os.pipe()
            stack.callback(os.close, read_end)
            stack.callback(os.close, write_end)
            proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
            stack.callback(os.close, proc)
            mark = "" if unshare else f"PTB_SANDBOX_MARK={secrets.token_hex(16)}"
            env = command_env(request, str(home.absolute()), str(tmp.absolute()))
            job = {
                "argv": request.argv,
                "env": env | dict([mark.split("=")] if mark else []),
                "status": write_end,
                "proc": proc,
                "passed": request.pass_fds,
                "loopback": not request.network,
                "ambient": "--keep-caps" in unshare,
            }
            document = memory_file(json.dumps(job).encode())
            stack.callback(os.close, document)
            supervisor = str(Path(__file__).with_name("supervisor.py"))
            yield Launch(
                argv=(*unshare, sys.executable, "-I", "-S", supervisor, str(document)),
                env=PLAIN,
                pass_fds=(write_end, proc, document, *request.pass_fds),
                info_fd=read_end,
                cwd=Path(request.workdir),
                private=copies,
                mark=mark,
            )

    def enforcement(self, request: Request) -> Enforcement:
        """Which of the two ways holds the processes together here."""
        return Enforcement(
            processes="own PID namespace (unshare)" if self._abilities.pid
            else "child subreaper, checked by a mark in the environment",
            network="open (the host's)" if request.network else "own namespace, loopback only",
        )  # fmt: skip

    def _unshare(self, request: Request) -> tuple[str, ...]:
        options = self._abilities.pid if request.network else self._abilities.net
        if not request.network and not options:
            raise SandboxError(
                "the host sandbox cannot keep the network off here: neither root's nor an "
                "unprivileged user's `unshare --net` works",
                advice="allow user namespaces, install bubblewrap, or run with network",
            )
        return ("unshare", *options, "--") if options else ()

    @cached_property
    def _abilities(self) -> _Abilities:
        ways = (_PID, _OWN_USER + _PID)
        pid = next((way for way in ways if _works(way)), ())
        net = (*pid, *_NET)
        return _Abilities(pid, net if pid and _works(net) else ())


def _works(options: tuple[str, ...]) -> bool:
    if shutil.which("unshare") is None:
        return False
    try:
        done = subprocess.run(
            ["unshare", *options, "--", "true"],
            env=PLAIN, stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=False,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def _version() -> str:
    if shutil.which("unshare") is None:
        return ""
    done = subprocess.run(["unshare", "--version"], capture_output=True, text=True, check=False)
    return done.stdout.strip()
