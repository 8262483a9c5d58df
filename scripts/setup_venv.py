"""Prepare ``.venv`` for ``make``: setup_venv.py demo|dev.  Standard library only.

Nothing is done when the stamp in ``.venv`` says that this very state is installed.  Otherwise every
step looks at what is there already, so a setup that was interrupted is finished by the next call.

    .venv/setup.log     everything that venv, pip and uv said
    .venv/setup.json    the stamp, written last
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from setup_steps import PIP, SetupFailed, Steps
from setup_torch import ensure_torch, installed_torch, pinned

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
CONSTRAINTS = ROOT / "constraints.txt"
STAMP = VENV / "setup.json"
NEEDED_BYTES = 3_000_000_000
EXTRAS = ("demo", "dev")
"""In rising order: each holds everything of the one before it."""


def main(argv: list[str]) -> int:
    """Bring ``.venv`` to the state that the extra ``argv[0]`` needs; the exit code."""
    if len(argv) != 1 or argv[0] not in EXTRAS:
        print(f"setup: say which extra to install: {' or '.join(EXTRAS)}", file=sys.stderr)
        return 2
    extra = argv[0]
    if is_ready(extra):
        return 0
    steps = Steps(VENV / "setup.log")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with locked(steps):
            if not is_ready(extra):
                install(extra, steps)
    except SetupFailed as error:
        print(f"setup failed:\n{error}", file=sys.stderr)
        print(f"  -> the whole log is {steps.log}; correct the cause and call make again: it goes",
              "on where it stopped. `make clean` starts over.", file=sys.stderr)  # fmt: skip
        return 1
    except KeyboardInterrupt:
        print("\nsetup interrupted; call make again, it goes on where it stopped", file=sys.stderr)
        return 130
    return 0


def fingerprint() -> str:
    """Changes with everything that decides what is installed where."""
    digest = hashlib.sha256()
    for path in (ROOT / "pyproject.toml", CONSTRAINTS, Path(__file__)):
        digest.update(path.read_bytes() + b"\0")
    for part in (str(VENV), os.environ.get("PTB_TORCH", ""), os.environ.get("PYTHON", "")):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()


def read_stamp() -> dict[str, Any]:
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def is_ready(extra: str) -> bool:
    """Whether the stamp vouches for this extra and the interpreter can still be run."""
    stamp = read_stamp()
    held = stamp.get("extra")
    return (
        stamp.get("fingerprint") == fingerprint()
        and held in EXTRAS
        and EXTRAS.index(held) >= EXTRAS.index(extra)
        and os.access(PYTHON, os.X_OK)
    )


@contextmanager
def locked(steps: Steps) -> Iterator[None]:
    """Only one setup at a time: the second waits and then finds the work done."""
    descriptor = os.open(ROOT, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            steps.say("another `make` prepares .venv; waiting for it")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError:
            steps.say("this file system has no locks: do not start two setups at once")
        steps.pass_fds = (descriptor,)
        yield
    finally:
        os.close(descriptor)


def install(extra: str, steps: Steps) -> None:
    """All steps, from whatever state ``.venv`` is in."""
    held = read_stamp().get("extra")
    if held in EXTRAS and EXTRAS.index(held) > EXTRAS.index(extra):
        extra = held  # tests that were installed once stay up to date
    started = time.monotonic()
    steps.say(f"preparing {VENV} with {sys.executable} (Python {sys.version.split()[0]})")
    ensure_venv(steps)
    drop_half_installed(steps)
    with steps.step("build tools"):
        pip_install(steps, "hatchling", "editables")
    ensure_torch(steps, PYTHON, CONSTRAINTS)
    with steps.step(f"posttrainbench[{extra}] and what it needs"):
        # Our own build tools, not fresh ones: then this works without a network, too.
        pip_install(steps, "--no-build-isolation", "--editable", f"{ROOT}[{extra}]")
    with steps.step("byte code"):
        compile_all(steps)
    stamp = {"fingerprint": fingerprint(), "extra": extra, "seconds": time.monotonic() - started}
    temporary = STAMP.with_suffix(".tmp")
    temporary.write_text(json.dumps(stamp, indent=2) + "\n", encoding="utf-8")
    temporary.replace(STAMP)
    steps.say(f"ready in {stamp['seconds']:.0f} s")


def ensure_venv(steps: Steps) -> None:
    """Make ``.venv``, or make it anew when it cannot be used."""
    if venv_works():
        return
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            raise SetupFailed(
                f"this Python has no module {module!r}, so it cannot make a virtual environment\n"
                f"  -> Debian, Ubuntu: apt install python{version}-venv (or python3-venv), then "
                "call make again; or point to another Python: make demo PYTHON=/path/to/python3.12"
            )
    free = shutil.disk_usage(ROOT).free
    if free < NEEDED_BYTES:
        raise SetupFailed(
            f"{free / 1e9:.1f} GB are free at {ROOT}, the setup needs {NEEDED_BYTES / 1e9:.0f} GB\n"
            "  -> free some space or clone to a bigger disk"
        )
    if VENV.is_symlink():
        raise SetupFailed(f"{VENV} is a symbolic link to no usable environment: remove it")
    with steps.step("virtual environment"):
        outside = Steps(ROOT / ".venv-setup.log")  # .venv itself is about to be emptied
        try:
            outside.run([sys.executable, "-m", "venv", "--clear", VENV])
        finally:
            outside.log.unlink(missing_ok=True)


def venv_works() -> bool:
    """Whether ``.venv`` has a pip that runs, of the Python that was asked for."""
    probe = "import sys, pip; print('%d.%d' % sys.version_info[:2], sys.prefix)"
    try:
        found = subprocess.run([PYTHON, "-c", probe], capture_output=True, text=True)
    except OSError:
        return False
    version, _, prefix = found.stdout.strip().partition(" ")
    mine = f"{sys.version_info.major}.{sys.version_info.minor}"
    # An environment that was moved or copied still calls itself by the path where it was made.
    script = VENV / "bin" / "pip"
    at_home = script.is_file() and str(PYTHON.parent) in script.read_text(errors="replace")[:400]
    return found.returncode == 0 and version == mine and prefix == str(VENV) and at_home


def drop_half_installed(steps: Steps) -> None:
    """Forget packages whose installation was cut off, so that pip installs them again.

    pip and uv write INSTALLER when everything else of a package is in place.  pip renames what it
    is about to replace to ``~name``.
    """
    for site in VENV.glob("lib/python3*/site-packages"):
        for info in site.glob("*.dist-info"):
            if not (info / "INSTALLER").is_file() or not (info / "RECORD").is_file():
                steps.say(f"  {info.name.removesuffix('.dist-info')} was half installed: again")
                shutil.rmtree(info, ignore_errors=True)
        for leftover in site.glob("~*"):
            shutil.rmtree(leftover, ignore_errors=True)


def pip_install(steps: Steps, *arguments: str) -> None:
    command: list[str | Path] = [PYTHON, *PIP, "--constraint", constraints(), *arguments]
    steps.run(command, env={"PIP_DISABLE_PIP_VERSION_CHECK": "1"})


def compile_all(steps: Steps) -> None:
    """Byte code for all but tests; sandboxes see the environment read-only and could not keep it.

    A few packages ship files that are no Python of this version, so the exit status says nothing.
    """
    jobs = str(min(8, len(os.sched_getaffinity(0))))
    folders = list(VENV.glob("lib/python3*/site-packages"))
    options = ("-q", "-j", jobs, "-x", "site-packages/.*/tests?/")
    steps.run([PYTHON, "-m", "compileall", *options, *folders], may_fail=True)


def constraints() -> Path:
    """The pins; without torch's when PTB_TORCH brought another version on purpose."""
    if not os.environ.get("PTB_TORCH") or not PYTHON.exists():
        return CONSTRAINTS
    found = installed_torch(PYTHON)
    if not found or found == pinned(CONSTRAINTS, "torch"):
        return CONSTRAINTS
    lines = CONSTRAINTS.read_text(encoding="utf-8").splitlines(keepends=True)
    own = VENV / "constraints.txt"
    own.write_text("".join(line for line in lines if not line.startswith("torch==")))
    return own


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
