"""The processes of one launch: start them, signal the command, end all, count what is left."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from ..errors import SandboxError
from . import Launch
from .cgroups import Group

_KEEPER = Path(__file__).with_name("keeper.py")
_SETTLE_SECONDS = 20.0
"""How long a killed process may take to go; freeing much memory takes the kernel its time."""
_STATUS_BYTES = 65536


@dataclass(frozen=True)
class Outcome:
    """What is known once everything has ended.  ``ran`` is False when the command never started."""

    ran: bool
    exit_code: int | None
    signal: int | None
    cpu_seconds: float
    peak_memory: int | None
    """Sum over the processes, as sampled; ``None`` when it ended before the first sample."""
    survivors: int


class Processes:
    """The keeper, the sandbox program below it, the command's init process, all that descends.

    They are started by the calling thread and die with it (the kernel's parent-death signal is
    sent when the *thread* that started a process ends): serve them from that same thread.

    Raises:
        SandboxError: the launch's program or working directory cannot be used.
    """

    def __init__(
        self,
        launch: Launch,
        group: Group,
        *,
        largest_file: int | None,
        has_input: bool,
        connection: int | None = None,
    ) -> None:
        self._launch = launch
        self._group = group
        self._status = b""
        self._documents: dict[str, int] = {}
        self._init: int | None = None
        self._init_fd = -1
        self._namespace = ""
        self._sent: set[int] = set()
        self._peak_memory: int | None = None
        self._outcome: Outcome | None = None
        size = "-" if largest_file is None else str(largest_file)
        command = [
            sys.executable, "-I", "-S", str(_KEEPER), str(os.getpid()), size,
            *map(str, group.procs), "--", *launch.argv,
        ]  # fmt: skip
        stdin, stdout = subprocess.PIPE if has_input else subprocess.DEVNULL, subprocess.PIPE
        if connection is not None:
            stdin = stdout = connection
        try:
            self.keeper = subprocess.Popen(
                command,
                env=dict(launch.env),
                pass_fds=launch.pass_fds,
                cwd=launch.cwd,
                stdin=stdin,
                stdout=stdout,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
            )
        except OSError as error:
            raise SandboxError(f"cannot start the sandbox: {error}") from error
        self.ended_fd = os.pidfd_open(self.keeper.pid)
        """Readable once the keeper has ended, and so everything below it."""
        if launch.info_fd is not None:
            os.set_blocking(launch.info_fd, False)

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        if self._outcome is None:
            self.kill()
            self.finish()
        os.close(self.ended_fd)
        if self._init_fd >= 0:
            os.close(self._init_fd)

    def ended(self) -> bool:
        """Whether everything has ended."""
        self._read_status()
        return _readable(self.ended_fd, 0)

    def signal_command(self, number: signal.Signals) -> bool:
        """Signal the command's process group; False when the command is not there (yet)."""
        self._read_status()
        if self._init is None:
            return False
        with suppress(psutil.Error, ProcessLookupError):
            children = psutil.Process(self._init).children()
            # Orphans are its children, too, but the command is the eldest.
            command = min(
                children, key=lambda child: (child.create_time(), child.pid), default=None
            )
            if command is not None:
                self._sent.add(number)
                os.killpg(os.getpgid(command.pid), number)
                return True
        return False

    def kill(self) -> None:
        """SIGKILL to everything, at once."""
        self._read_status()
        self._sent.add(signal.SIGKILL)
        self._tell_keeper(signal.SIGTERM)
        if _readable(self.ended_fd, _SETTLE_SECONDS):
            return
        # The keeper was stopped or waits for a process that cannot die: do what can be done.
        if self._init_fd >= 0:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._init_fd, signal.SIGKILL)
        self._group.kill()
        self._tell_keeper(signal.SIGKILL)

    def _tell_keeper(self, number: signal.Signals) -> None:
        # Not Popen.kill(): that may reap the keeper, whose status and usage we still want.
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.ended_fd, number)

    def sample_memory(self) -> None:
        """Note the memory of the tree as it is now, for where no cgroup keeps its peak."""
        if self._init is None:
            return
        memory = 0
        with suppress(psutil.Error):
            init = psutil.Process(self._init)
            for process in (init, *init.children(recursive=True)):
                with suppress(psutil.Error):
                    memory += process.memory_info().rss
        self._peak_memory = max(self._peak_memory or 0, memory)

    def finish(self) -> Outcome:
        """Wait for the end of everything, kill what stays, and tell how it ended."""
        if self._outcome is not None:
            return self._outcome
        if not _readable(self.ended_fd, _SETTLE_SECONDS):
            self._tell_keeper(signal.SIGKILL)
        _, status, usage = os.wait4(self.keeper.pid, 0)
        self.keeper.returncode = os.waitstatus_to_exitcode(status)
        self._read_status()
        ran, code, number = self._how(self.keeper.returncode)
        self._outcome = Outcome(
            ran=ran,
            exit_code=code,
            signal=number,
            cpu_seconds=usage.ru_utime + usage.ru_stime,
            # Not ru_maxrss: a fork starts it at the size of the worker.
            peak_memory=self._peak_memory,
            survivors=self._end_survivors(),
        )
        return self._outcome

    def _how(self, returncode: int) -> tuple[bool, int | None, int | None]:
        """Whether the command ran, its exit code, its signal.

        bubblewrap reports a death by signal n as exit code 128+n, as a shell does, and a command
        may exit with such a code by itself.  It is taken for the signal only if we sent it.
        """
        code = self._documents.get("exit-code")
        if code is not None:
            exact = self._documents.get("signal")
            number = code - 128 if exact is None and code - 128 in self._sent else exact
            return (True, None, number) if number else (True, code, None)
        if self._sent:
            return True, None, int(signal.SIGKILL)
        if returncode < 0 or returncode == 128 + signal.SIGKILL:
            return True, None, int(signal.SIGKILL)  # from outside, or by the kernel for memory
        return False, returncode, None

    def _end_survivors(self) -> int:
        left = self._alive()
        if left:
            self._group.kill()
            for pid in left:
                with suppress(OSError), os.fdopen(os.pidfd_open(pid)) as process:
                    signal.pidfd_send_signal(process.fileno(), signal.SIGKILL)
                    _readable(process.fileno(), _SETTLE_SECONDS)
            left = self._alive()
        return len(left)

    def _alive(self) -> set[int]:
        """Processes of this launch, by namespace, control group or mark."""
        found = set(self._group.members())
        if self._namespace or self._launch.mark:
            found |= {int(entry.name) for entry in Path("/proc").glob("[0-9]*") if self._is(entry)}
        return {pid for pid in found if not _dead(pid)}

    def _is(self, entry: Path) -> bool:
        """Whether the process of this /proc entry belongs to the launch."""
        with suppress(OSError):
            if self._namespace:
                return str((entry / "ns/pid").readlink()) == self._namespace
            environment = (entry / "environ").read_bytes().split(b"\0")
            return self._launch.mark.encode() in environment
        return False

    def _read_status(self) -> None:
        descriptor = self._launch.info_fd
        if descriptor is None:
            return
        with suppress(BlockingIOError):
            while len(self._status) < _STATUS_BYTES:
                chunk = os.read(descriptor, _STATUS_BYTES)
                if not chunk:
                    break
                self._status += chunk
        text = self._status.decode(errors="replace").lstrip()
        with suppress(ValueError, TypeError):
            while text:
                document, end = json.JSONDecoder().raw_decode(text)
                # What was said first holds: in the host sandbox a command could write here, too.
                self._documents = {**document, **self._documents}
                text = text[end:].lstrip()
        if self._init is None and "child-pid" in self._documents:
            self._find_init(self._documents["child-pid"])

    def _find_init(self, pid: int) -> None:
        self._init = pid
        with suppress(OSError):
            self._init_fd = os.pidfd_open(pid)
            namespace = str(Path(f"/proc/{pid}/ns/pid").readlink())
            if namespace != str(Path("/proc/self/ns/pid").readlink()):
                self._namespace = namespace


def _dead(pid: int) -> bool:
    """Whether it is gone, or a zombie that only waits for someone else to reap it."""
    try:
        return psutil.Process(pid).status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.Error:
        return True


def _readable(descriptor: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
