"""An installed program: whether it runs, what it says of itself, which Node.js it wants."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from typing import Any

from ..errors import PTBError
from .npm import Installed

VERSION = re.compile(r"\d+\.\d+\.\d+(?:[-+][A-Za-z0-9.+-]+)?")
_LONGEST_S = 120.0
_AT_LEAST = re.compile(r">=\s*v?(\d+)")


def said_version(one: Installed) -> str:
    """The version that the program tells, in an empty home and without our environment.

    Raises:
        PTBError: it does not run here, or tells none.
    """
    where = f"{one.package.name} {one.version}"
    with tempfile.TemporaryDirectory(prefix="ptb-version-") as home:
        environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": home}
        try:
            done = subprocess.run(
                [one.program, "--version"], env=environment, cwd=home, stdin=subprocess.DEVNULL,
                capture_output=True, text=True, errors="replace", timeout=_LONGEST_S, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise PTBError(
                f"{where} does not run here: {error}", advice="is it made for this machine?"
            ) from error
    if done.returncode:
        last = " | ".join(line for line in done.stderr.splitlines() if line.strip())[-400:]
        raise PTBError(
            f"{where} does not run here: exit code {done.returncode} ({last or 'not a word'})",
            advice=f"is it made for this machine? Node.js is {node_version() or 'missing'}",
        )
    told = VERSION.search(done.stdout)
    if told is None:
        raise PTBError(f"{where} tells no version: {done.stdout.strip()[:100]!r}")
    return told.group()


def node_wanted(one: Installed) -> int | None:
    """The oldest Node.js that a program of JavaScript may run on; ``None`` for a native one."""
    try:
        with one.program.open("rb") as file:
            script = file.read(2) == b"#!"
        data = json.loads(
            (one.prefix / "node_modules" / one.package.name / "package.json").read_bytes()
        )
    except (OSError, ValueError, RecursionError):
        return None
    engines: Any = data.get("engines") if isinstance(data, dict) else None
    said = str(engines.get("node", "")) if isinstance(engines, dict) else ""
    found = _AT_LEAST.match(said.strip())
    return int(found.group(1)) if script and found else None


def node_version() -> str:
    """Of the Node.js on the PATH; empty where there is none."""
    try:
        done = subprocess.run(
            ["node", "--version"], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()[:40]
