"""The bubblewrap sandbox: own namespaces, a read-only system, nothing else of the host."""

from __future__ import annotations

import functools
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import SandboxError
from ..records import Enforcement
from . import HOME, TMP, Launch, Layout, Overlay, Probe, Request, seccomp, system
from .descriptors import memory_file
from .environment import PLAIN, check_command, command_env
from .private import prepare_scratch, private_copies

_ADVICE = (
    "install it (apt-get install bubblewrap, dnf install bubblewrap) and allow unprivileged user "
    "namespaces; or choose the sandbox 'host', which isolates no files"
)
_PROBE_SECONDS = 20.0

# The shell turns itself into the command; where that fails it says so and ends with 127 or 126,
# while bubblewrap's own exit code 1 could not be told from the command's.
_BECOME = ("/bin/sh", "-c", 'exec "$@"', "sh")


@dataclass(frozen=True)
class _Abilities:
    """What this bubblewrap can do on this machine."""

    tmp_overlay: bool
    disable_userns: bool


class Bubblewrap:
    """Own user, PID, IPC, UTS, cgroup and, without network, net namespace (needs bwrap >= 0.6).

    Every option goes to bubblewrap by descriptor (``--args``), so that neither an environment
    value nor a path stands in a process argument.
    """

    name = "bubblewrap"
    isolates_files = True

    def __init__(self, program: str = "bwrap") -> None:
        self._program = program

    def probe(self) -> Probe:
        """Start a sandbox around ``true``; never raises."""
        path = shutil.which(self._program)
        if path is None:
            return Probe(False, reason=f"no program {self._program!r} on the PATH", advice=_ADVICE)
        version = _output(path, "--version").removeprefix("bubblewrap").strip()
        with tempfile.TemporaryDirectory(prefix="ptb-probe-") as folder:
            reason = self._try(Path(folder), disable_userns=self._abilities.disable_userns)
        if reason:
            return Probe(False, version, f"bwrap cannot make a sandbox: {reason}", _ADVICE)
        return Probe(True, version)

    def where(self, layout: Layout, target: str) -> str:  # noqa: ARG002 - the protocol's
        """``target`` itself: the command sees the layout's own paths."""
        return target

    @contextmanager
    def launch(self, request: Request) -> Iterator[Launch]:
        """Prepare the private folders and the descriptors.

        Raises:
            SandboxError: bubblewrap is absent, or a private folder cannot be made.
        """
        check_command(request)
        path = shutil.which(self._program)
        if path is None:
            raise SandboxError(f"no program {self._program!r} on the PATH", advice=_ADVICE)
        with ExitStack() as stack:
            copies: tuple[Path, ...] = ()
            if request.layout.overlays and not self._abilities.tmp_overlay:
                copies = stack.enter_context(
                    private_copies(request.layout, overlays=True, files=False)
                )
            options = _Options(stack)
            read_end, write_end = os.pipe()
            stack.callback(os.close, read_end)
            stack.callback(os.close, write_end)
            options.descriptors.append(write_end)
            options.add("--json-status-fd", str(write_end))
            options.namespaces(request, disable_userns=self._abilities.disable_userns)
            options.files(request, copies)
            options.environment(request)
            arguments = options.by_descriptor()
            yield Launch(
                argv=(path, "--args", str(arguments), "--", *_BECOME, *request.argv),
                env=PLAIN,
                pass_fds=(*options.descriptors, *request.pass_fds),
                info_fd=read_end,
                private=copies,
            )

    def enforcement(self, request: Request) -> Enforcement:
        """The namespaces in use; a missing filter is named."""
        filtered = "seccomp filter"
        if seccomp.build() is None:
            filtered = f"no seccomp filter for {platform.machine()}"
        return Enforcement(
            processes=f"own PID, user, IPC and UTS namespace (bubblewrap), {filtered}",
            network="open (the host's)" if request.network else "own namespace, loopback only",
        )

    @functools.cached_property
    def _abilities(self) -> _Abilities:
        known = _output(self._program, "--help")
        with tempfile.TemporaryDirectory(prefix="ptb-probe-") as folder:
            place = Path(folder)
            # A set-uid bubblewrap, or a container with a read-only /proc/sys, refuses it.
            disable = "--disable-userns" in known and not self._try(place, disable_userns=True)
            overlay = "--tmp-overlay" in known and not self._try(
                place, disable_userns=disable, overlays=(Overlay(place, "/overlay"),)
            )
        return _Abilities(tmp_overlay=overlay, disable_userns=disable)

    def _try(self, place: Path, *, disable_userns: bool, overlays: tuple[Overlay, ...] = ()) -> str:
        """Why a sandbox around ``true`` does not work, or an empty string."""
        layout = Layout(place / "scratch", overlays=overlays)
        request = Request(layout, ("true",), workdir=HOME)
        try:
            with ExitStack() as stack:
                options = _Options(stack)
                options.namespaces(request, disable_userns=disable_userns)
                options.files(request, ())
                done = subprocess.run(
                    [self._program, "--args", str(options.by_descriptor()), *_BECOME, "true"],
                    env=PLAIN, pass_fds=options.descriptors, stdin=subprocess.DEVNULL,
                    capture_output=True, timeout=_PROBE_SECONDS, check=False,
                )  # fmt: skip
        except (OSError, subprocess.SubprocessError, SandboxError) as error:
            return str(error)
        if done.returncode == 0:
            return ""
        return done.stderr.decode(errors="replace").strip()[-500:] or f"exit {done.returncode}"


class _Options:
    """bubblewrap's options, in the order in which it carries them out, and their descriptors."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._options: list[str] = []
        self.descriptors: list[int] = []

    def add(self, *options: str) -> None:
        self._options += options

    def namespaces(self, request: Request, *, disable_userns: bool) -> None:
        uid = str(system.UID)
        self.add("--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts")
        self.add("--unshare-cgroup-try", "--hostname", system.HOSTNAME, "--uid", uid, "--gid", uid)
        self.add("--new-session", "--die-with-parent", "--cap-drop", "ALL")
        if disable_userns:
            self.add("--disable-userns")
        if not request.network:
            self.add("--unshare-net")
        program = seccomp.build()
        if program is not None:
            self.add("--seccomp", self._data(program))

    def files(self, request: Request, copies: tuple[Path, ...]) -> None:
        layout = request.layout
        self.add(*system.programs())
        self.add(*system.settings(network=request.network, devices=bool(layout.devices)))
        for path, content in system.written(network=request.network).items():
            self.add("--perms", "0444", "--ro-bind-data", self._data(content), path)
        self.add(*system.scaffold(request.limits.memory))
        for device in layout.devices:
            self.add("--dev-bind", device, device)
        for _, options in sorted(self._places(layout, copies), key=lambda place: place[0]):
            self.add(*options)
        # What bubblewrap itself made is a memory file system; without this the command could
        # write to it outside of every limit.
        self.add("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", request.workdir)

    def _places(
        self, layout: Layout, copies: tuple[Path, ...]
    ) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
        """Target (as parts, so that a folder sorts before what is mounted in it) and options."""
        home, tmp = prepare_scratch(layout)
        yield _parts(HOME), ("--bind", str(home), HOME)
        yield _parts(TMP), ("--bind", str(tmp), TMP)
        for mount in layout.mounts:
            kind = "--bind" if mount.writable else "--ro-bind"
            yield _parts(mount.target), (kind, str(mount.source), mount.target)
        for index, overlay in enumerate(layout.overlays):
            view = ["--overlay-src", str(overlay.source), "--tmp-overlay"]
            if copies:
                view = ["--bind", str(copies[index])]
            yield _parts(overlay.target), (*view, overlay.target)
        for file in layout.files:
            data = ("--ro-bind-data", self._data(file.content), file.target)
            yield _parts(file.target), ("--perms", "0500" if file.executable else "0400", *data)

    def environment(self, request: Request) -> None:
        self.add("--clearenv")
        for name, value in command_env(request, HOME, TMP).items():
            self.add("--setenv", name, value)

    def by_descriptor(self) -> int:
        """A descriptor with all options, for ``--args``."""
        content = b"".join(os.fsencode(option) + b"\0" for option in self._options)
        return int(self._data(content))

    def _data(self, content: bytes) -> str:
        descriptor = memory_file(content)
        self._stack.callback(os.close, descriptor)
        self.descriptors.append(descriptor)
        return str(descriptor)


def _parts(target: str) -> tuple[str, ...]:
    return Path(target).parts


def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, env=PLAIN, capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode(errors="replace")
