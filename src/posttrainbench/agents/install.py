"""Installing an agent's CLI: whole or not at all, one version beside the other.

What counts as installed appears by one rename.  Names that begin with a dot are drafts: they are
looked at by nobody, and swept by the next installation of the package.
"""

from __future__ import annotations

import errno
import fcntl
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import InputError, PTBError, StorageError
from ..records.files import now, publish, write_json
from ..sandboxes.private import remove_tree
from . import Package
from .npm import Installed, package_dir
from .npm_call import Npm, require_node
from .program import VERSION, node_version, node_wanted, said_version

INSTALLED = "installed.json"
_DRAFT = ".unfinished-"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,100}")

Say = Callable[[str], None]


def install(package: Package, version: str | None, say: Say, into: Path | None = None) -> Installed:
    """Install a version beside the others; one that is there already is left alone.

    Args:
        version: an exact one, a tag such as ``latest``, or ``None`` for the pinned one.
        say: told in a few words what is being done.
        into: another agents folder than the usual one, for an image; ``PTB_AGENTS`` finds it.

    Raises:
        InputError: that is no version, or npm knows none of that name.
        MissingRequirementError: npm or Node.js is not there, or too old.
        PTBError: npm failed, or the program does not run; nothing is left behind.
        StorageError: the disk refused.
    """
    wanted = version or package.pinned
    if not _NAME.fullmatch(wanted):
        raise InputError(
            f"{wanted!r} is no version of {package.name}", advice="such as 1.2.3, or latest"
        )
    folder = package_dir(package, into)
    there = _finished(package, folder, wanted)
    if there is not None:
        say(f"{package.name} {wanted} is there already")
        return there
    npm = Npm.found()
    exact = wanted
    if not VERSION.fullmatch(wanted):
        say(f"asking which version of {package.name} is {wanted}")
        exact = npm.resolve(package, wanted)
    with _refused_by_disk(folder), _locked(folder, say) as lock:
        there = _finished(package, folder, exact)  # somebody else may have been quicker
        if there is not None:
            say(f"{package.name} {exact} is there already")
            return there
        _sweep(folder)
        return _install(npm, package, exact, folder, say, lock)


def remove(one: Installed, say: Say) -> None:
    """Remove one installed version; what runs with it breaks.

    Raises:
        StorageError: the disk refused.
    """
    folder = one.prefix.parent
    with _refused_by_disk(folder), _locked(folder, say):
        draft = folder / f"{_DRAFT}{one.version}-removed-{time.time_ns()}"
        one.prefix.rename(draft)
        remove_tree(draft)
        if draft.exists():
            raise StorageError(f"{draft} cannot be removed", advice="remove it by hand")


def _finished(package: Package, folder: Path, version: str) -> Installed | None:
    one = Installed(package, version, folder / version)
    return one if (one.prefix / INSTALLED).is_file() and one.program.exists() else None


def _install(
    npm: Npm, package: Package, version: str, folder: Path, say: Say, lock: int
) -> Installed:
    say(f"installing {package.name} {version}")
    began = time.monotonic()
    draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=folder))
    final = folder / version
    try:
        draft.chmod(0o755)  # an image is built by root and used by others
        fetched = npm.install(package, version, draft, lock)
        one = Installed(package, version, draft)
        require_node(node_wanted(one), f"{package.name} {version}")
        told = said_version(one)
        if told != version:
            raise PTBError(
                f"{package.name} {version} says that it is version {told}",
                advice="npm's cache may be damaged: `npm cache verify`; or try another version",
            )
        write_json(
            draft / INSTALLED,
            {
                "package": package.name,
                "version": version,
                "packages": fetched,
                "node": node_version(),
                "bytes": _size(draft),
                "at": now(),
                "seconds": round(time.monotonic() - began, 1),
            },
        )
        if final.exists():  # left by something else than us: it has no installed.json
            final.rename(folder / f"{_DRAFT}{version}-replaced-{time.time_ns()}")
        publish(draft, final)
        _sweep(folder)
    finally:
        remove_tree(draft)
    return Installed(package, version, final)


def _sweep(folder: Path) -> None:
    for leftover in folder.glob(f"{_DRAFT}*"):
        remove_tree(leftover)


def _size(folder: Path) -> int:
    """Bytes on the disk; npm's packages hold hard links to the same program."""
    found = {
        (stat.st_dev, stat.st_ino): stat.st_blocks * 512
        for stat in map(Path.lstat, folder.rglob("*"))
    }
    return sum(found.values())


@contextmanager
def _locked(folder: Path, say: Say) -> Iterator[int]:
    """One at a time for each package.

    npm holds the lock as well: should this process be killed, the next one waits until the orphan
    has ended, and sweeps only then.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another installation of the same package")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


@contextmanager
def _refused_by_disk(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise StorageError(
            f"cannot install into {folder}: {error.strerror or error}",
            advice=f"{_free(folder)} are free there; a CLI needs up to 1 GB while it is installed"
            if full
            else "see that the folder can be written, or set PTB_AGENTS to another one",
        ) from error


def _free(folder: Path) -> str:
    while not folder.exists():
        folder = folder.parent
    return f"{shutil.disk_usage(folder).free / 1e6:.0f} MB"
