"""What code under judgement can reach: it tells what it could do, and must have nothing to tell."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path

import pytest
from code_samples import ALL, DOUBLE, RIGHT, body, check

from posttrainbench.benchmarks.code_answers import place
from posttrainbench.sandboxes import Layout, Limits, Mount, Request
from posttrainbench.sandboxes.bubblewrap import Bubblewrap
from posttrainbench.sandboxes.python import python_mounts
from posttrainbench.sandboxes.runner import run

REPO = Path(__file__).parents[2]
TRY = """
could = []
def attempt(name, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except (OSError, RuntimeError, ValueError):
        return
    could.append(name)
"""


def tells_nothing(code: str, sandbox: str) -> None:
    """Run code that collects what it could do in ``could``."""
    checked = check(ALL, body(TRY + textwrap.dedent(code) + "\nreturn could"), sandbox)
    assert checked.passed, checked.why


def test_what_it_could_do_would_be_seen(sandbox_name: str) -> None:
    code = TRY + "import os\nattempt('read', os.listdir, '/usr')\nreturn could"
    checked = check(ALL, body(code), sandbox_name)
    assert not checked.passed
    assert checked.why == "wrong: found() gave ['read']"


def test_it_writes_nowhere(sandbox_name: str, tmp_path: Path) -> None:
    victim = tmp_path / "metrics.json"
    victim.write_text("{}")
    code = f"""
    import os, tempfile
    places = [{str(tmp_path)!r}, '/tmp', '/var/tmp', '/dev/shm', '/run', '/answer', '/',
              os.path.expanduser('~'), os.getcwd(), '/home/agent', '/proc/self']
    for place in places:
        attempt('create in ' + place, open, place + '/new', 'w')
        attempt('make a folder in ' + place, os.mkdir, place + '/folder')
        attempt('link in ' + place, os.symlink, '/etc/passwd', place + '/link')
        attempt('a fifo in ' + place, os.mkfifo, place + '/fifo')
    for mode in ('w', 'a', 'r+', 'x'):
        attempt('open as ' + mode, open, {str(victim)!r}, mode)
    attempt('rename', os.rename, {str(victim)!r}, {str(victim)!r} + '2')
    attempt('remove', os.unlink, {str(victim)!r})
    attempt('truncate', os.truncate, {str(victim)!r}, 0)
    attempt('chmod', os.chmod, {str(victim)!r}, 0o777)
    attempt('utime', os.utime, {str(victim)!r})
    attempt('temporary file', tempfile.TemporaryFile)
    attempt('memory file', os.memfd_create, 'x')
    attempt('shared memory', open, '/dev/shm/x', 'wb')
    attempt('null device', open, '/dev/null', 'w')
    attempt('own memory', open, '/proc/self/mem', 'r+b')
    """
    tells_nothing(code, sandbox_name)
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.json"]
    assert victim.read_text() == "{}"


def test_it_starts_nothing_and_reaches_nobody(sandbox_name: str) -> None:
    code = """
    import os, resource, signal, socket, subprocess, threading, multiprocessing
    attempt('fork', os.fork)
    attempt('spawn', os.posix_spawn, '/bin/true', ['true'], {})
    attempt('run', subprocess.run, ['/bin/true'])
    if os.system('exit 7') == 7 << 8:
        could.append('system')
    attempt('exec', os.execv, '/bin/true', ['true'])
    attempt('thread', threading.Thread(target=int).start)
    attempt('process', multiprocessing.Process(target=int).start)
    for pid in (1, 2, os.getppid(), 0, -1):
        attempt(f'kill {pid}', os.kill, pid, 0)
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK):
        attempt(f'socket {family}', socket.socket, family)
    attempt('connect', socket.create_connection, ('127.0.0.1', 80), 1)
    attempt('more memory', resource.setrlimit, resource.RLIMIT_AS, (-1, -1))
    attempt('more processes', resource.setrlimit, resource.RLIMIT_NPROC, (-1, -1))
    attempt('priority', os.nice, -1)
    attempt('other processor', os.sched_setaffinity, 0, [0])
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    for name, args in {
        'ptrace': (16, 1, 0, 0), 'unshare': (0x10000000,), 'mount': (b'x', b'/tmp', b'tmpfs', 0, 0),
        'shmget': (0, 4096, 0o1600), 'msgget': (0, 0o1600), 'syscall': (435, 0, 0), 'vfork': (),
        'chroot': (b'/',), 'personality': (0,), 'sethostname': (b'x', 1), 'memfd_create': (b'x', 0),
    }.items():
        if getattr(libc, name)(*args) != -1 or ctypes.get_errno() != 1:
            could.append(name)
    import fcntl
    attempt('own a descriptor', fcntl.fcntl, 0, fcntl.F_SETOWN, os.getppid())
    attempt('send a signal by descriptor', fcntl.fcntl, 0, fcntl.F_SETSIG, 9)
    """
    tells_nothing(code, sandbox_name)


def test_it_sees_no_file_of_ours(bubblewrap: str, tmp_path: Path) -> None:
    secret = tmp_path / "tests.jsonl"
    secret.write_text("check")
    ours = [secret, REPO, Path(__file__), Path.home() / ".bashrc", place.ALONE]
    system = ["/etc/shadow", "/etc/hostname", "/sys/kernel", "/var/lib", "/var/log", "/mnt"]
    tops = [sys.base_prefix, *map(str, Path("/usr/lib").glob("python3*")), "/usr/local/lib"]
    seen = [*map(str, ours), *system]
    code = f"""
    import os, sys
    could += [path for path in {seen!r} if os.path.exists(path)]
    could += [path for path in sys.path if 'packages' in path]
    for top in {tops!r}:
        for folder, folders, files in os.walk(top):
            if folder.endswith('-packages') and folders + files:
                could.append(folder)
    for module in ('posttrainbench', 'inspect_ai', 'inspect_evals', 'pytest', 'numpy', 'site'):
        if module in sys.modules:
            could.append(module)
    could += os.environ
    content = open('/proc/self/environ').read()
    could += [word for word in ('KEY', 'TOKEN', 'PTB', 'PYTEST') if word in content]
    """
    tells_nothing(code, bubblewrap)


def test_it_sees_no_process_of_ours(bubblewrap: str) -> None:
    code = """
    import os
    pids = [name for name in os.listdir('/proc') if name.isdigit()]
    for pid in pids:
        line = open(f'/proc/{pid}/cmdline').read()
        if 'checker' in line or 'pytest' in line:
            could.append(line)
    if len(pids) > 3:
        could += pids
    """
    tells_nothing(code, bubblewrap)


def test_its_memory_is_bounded(sandbox_name: str) -> None:
    code = """
    def take():
        kept.append(bytearray(1 << 28))
    kept = []
    for _ in range(8):
        try: take()
        except MemoryError: pass
    if len(kept) > 3:
        could.append(f'{len(kept)} times 256 MiB')
    """
    tells_nothing(code, sandbox_name)


def test_only_the_connection_is_open(sandbox_name: str) -> None:
    code = """
    import os, stat
    for number in range(3, 64):
        try: kind = stat.S_IFMT(os.fstat(number).st_mode)
        except OSError: continue
        target = os.readlink(f'/proc/self/fd/{number}')
        if target not in ('/dev/null', '/proc/self/fd') and not stat.S_ISSOCK(kind):
            could.append(target)
    """
    tells_nothing(code, sandbox_name)


def test_the_order_of_sets_is_the_same_every_time(sandbox_name: str) -> None:
    code = body("return list({'alpha', 'beta', 'gamma', 'delta', str(x)})")
    assert len({check(DOUBLE, code, sandbox_name).why for _ in range(3)}) == 1


def test_without_namespaces_it_still_works_and_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A machine with neither bubblewrap nor unshare."""
    for program in ("rm", "chmod", "true"):
        (tmp_path / program).symlink_to(f"/bin/{program}")
    monkeypatch.setenv("PATH", str(tmp_path))
    place._found.cache_clear()
    try:
        assert place.find_place("auto").network  # it could not be switched off
        checked = check(DOUBLE, RIGHT, "auto")
        assert checked.passed, checked.why
        assert not checked.isolated
        tells_nothing("import socket\nattempt('socket', socket.socket)", "auto")
        tells_nothing("import os\nattempt('fork', os.fork)", "auto")
        assert not check(DOUBLE, "    pass\n", "auto").passed
    finally:
        place._found.cache_clear()


def test_in_the_sandbox_of_an_agent(bubblewrap: str, tmp_path: Path) -> None:
    """Where evaluate.py runs no further sandbox can be made."""
    script = tmp_path / "script.py"
    here = Path(__file__).parent
    script.write_text(
        f"import json, sys; sys.path.insert(0, {str(here)!r})\n"
        "from code_samples import DOUBLE, RIGHT, check\n"
        "found = [check(DOUBLE, code, 'auto') for code in (RIGHT, '    pass')]\n"
        "print(json.dumps([[c.passed, c.isolated] for c in found]))\n"
    )

    class Kept:
        text = b""

        def write(self, stream: str, chunk: bytes) -> None:
            self.text += chunk

    mounts = (*python_mounts(), Mount(script, "/script.py"), Mount(here, str(here)))
    request = Request(
        Layout(tmp_path / "scratch", mounts),
        (sys.executable, "/script.py"),
        "/tmp",
        network=True,
        limits=Limits(seconds=100),
    )
    kept = Kept()
    ending = run(Bubblewrap(), request, kept)
    assert ending.exit_code == 0, kept.text
    assert json.loads(kept.text.splitlines()[-1]) == [[True, False], [False, False]]


def test_nothing_is_left(
    sandbox_name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    descriptors = Path("/proc/self/fd")
    before = len(list(descriptors.iterdir()))
    check(DOUBLE, RIGHT, sandbox_name)
    check(DOUBLE, "    import os; os._exit(0)", sandbox_name)
    assert not list(tmp_path.iterdir())
    assert len(list(descriptors.iterdir())) == before
