"""Asking npm: install one package into a folder, and which version a tag means.

The user's own npm settings (registry, proxy, cache) hold; only what would change the outcome is
said on the command line.  Nothing global is changed.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError, MissingRequirementError, PTBError, StorageError
from . import Package
from .program import VERSION, node_version

_LONGEST_S = 20 * 60.0
_OLDEST_NODE = 20
_NO_NETWORK = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH")
_UNKNOWN = ("ETARGET", "E404", "ENOVERSIONS")
_NOISE = re.compile(r"complete log of this run|^npm (error|ERR!)(\s*$|  |\s\})")
_HOW = "install Node.js 20 or newer with npm, and put both on the PATH"


@dataclass(frozen=True)
class Npm:
    """The npm on the PATH."""

    program: str

    @classmethod
    def found(cls) -> Npm:
        """The npm on the PATH, with a Node.js that is new enough.

        Raises:
            MissingRequirementError: one of them is not there, or too old.
        """
        program = shutil.which("npm")
        if program is None:
            raise MissingRequirementError(
                "agent CLIs come from npm, and there is no npm on the PATH", advice=_HOW
            )
        require_node(_OLDEST_NODE, "the agent CLIs")
        return cls(program)

    def resolve(self, package: Package, tag: str) -> str:
        """The exact version behind a tag.

        Raises:
            InputError: npm knows no such tag.
            PTBError: npm cannot say.
        """
        told = self._call(
            ["view", f"{package.name}@{tag}", "version", "--json", "--loglevel=error"], package, tag
        )
        try:
            version = json.loads(told)
        except ValueError:
            version = None
        if isinstance(version, list) and version:
            version = version[-1]
        if not isinstance(version, str) or not VERSION.fullmatch(version):
            raise _unknown(package, tag)
        return version

    def install(
        self, package: Package, version: str, folder: Path, lock: int
    ) -> dict[str, dict[str, str]]:
        """Install into ``folder``; the answer says which packages npm fetched, with checksums.

        Args:
            lock: a descriptor that npm keeps open as long as it lives.

        Raises:
            InputError: npm knows no such version.
            PTBError: npm failed.
            StorageError: the disk is full.
        """
        # Its own script puts a program in place, in two of the four.  Those of its dependencies
        # could do anything, and are not needed.
        allowed = {"private": True, "allowScripts": {package.name: True}}
        (folder / "package.json").write_text(json.dumps(allowed))
        # In the folder, not with --prefix, which would also move npm's global settings there.
        common = ["--global=false", "--loglevel=error"]
        chosen = ["--ignore-scripts", "--include=optional", "--no-audit", "--no-fund"]
        wanted = f"{package.name}@{version}"
        self._call(["install", *common, *chosen, wanted], package, version, (lock,), folder)
        rebuild = ["rebuild", *common, "--ignore-scripts=false", package.name]
        self._call(rebuild, package, version, (lock,), folder)
        return _fetched(folder)

    def _call(
        self,
        arguments: Sequence[str],
        package: Package,
        version: str,
        keep: Sequence[int] = (),
        where: Path | None = None,
    ) -> str:
        trouble = f"npm cannot install {package.name} {version}"
        try:
            done = subprocess.run(
                [self.program, *arguments, "--update-notifier=false"], stdin=subprocess.DEVNULL,
                capture_output=True, text=True, errors="replace", timeout=_LONGEST_S, check=False,
                pass_fds=tuple(keep), cwd=where,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise PTBError(
                f"{trouble}: no end after {_LONGEST_S / 60:.0f} minutes",
                advice="see whether the package registry answers, then call it again",
            ) from None
        if done.returncode == 0:
            return done.stdout
        said = _said(done.stderr)
        what = f"{trouble}: {said or f'exit code {done.returncode}'}"
        if any(code in done.stderr for code in _UNKNOWN):
            raise _unknown(package, version, said)
        if "ENOSPC" in done.stderr or "EDQUOT" in done.stderr:
            raise StorageError(
                what, advice="free up to 1 GB there or in npm's cache (`npm cache clean --force`)"
            )
        code = next((code for code in _NO_NETWORK if code in done.stderr), "")
        if code:
            raise PTBError(
                what if code in what else f"{what} ({code})",
                advice="the package registry cannot be reached: check the network, `npm ping`, and "
                "the proxy settings of npm; or install on another machine with --into FOLDER, copy "
                "the folder, and set PTB_AGENTS to it",
            )
        raise PTBError(what, advice="mend what npm names, then call it again")


def require_node(oldest: int | None, what: str) -> None:
    """Make sure that the Node.js on the PATH is new enough.

    Raises:
        MissingRequirementError: it is older, or there is none.
    """
    if oldest is None:
        return
    here = node_version()
    number = re.match(r"v(\d+)\.", here)
    if number is None or int(number.group(1)) < oldest:
        raise MissingRequirementError(
            f"{what} want Node.js {oldest} or newer; on the PATH is {here or 'none'}", advice=_HOW
        )


def _said(stderr: str) -> str:
    """What npm says in words, without the objects and stacks that it prints between."""
    lines = [line for line in stderr.splitlines() if line and not _NOISE.search(line)]
    told = [re.sub(r"^npm (error|ERR!) ", "", line) for line in lines]
    return " | ".join(dict.fromkeys([*told[:4], *told[-3:]]))[:900]


def _unknown(package: Package, version: str, said: str = "") -> InputError:
    return InputError(
        f"npm knows no version {version!r} of {package.name}" + (f": {said}" if said else ""),
        advice=f"leave the version out for {package.pinned}, which was tested; "
        f"`npm view {package.name} versions` shows all",
    )


def _fetched(folder: Path) -> dict[str, dict[str, str]]:
    """Version and checksum of every package that npm has put there, by name."""
    try:
        lock = json.loads((folder / "node_modules" / ".package-lock.json").read_bytes())
        return {
            path.removeprefix("node_modules/"): {
                key: str(entry.get(key, "")) for key in ("version", "integrity")
            }
            for path, entry in lock["packages"].items()
            if (folder / path).is_dir()
        }
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}
