"""Host folders that belong to one command: its home and /tmp, and copies that vanish with it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import SandboxError
from . import Layout


def private_dir(layout: Layout) -> Path:
    """Where overlay copies and handed-over files stand while the command runs: beside scratch."""
    return layout.scratch.with_name(layout.scratch.name + ".private")


def overlay_copy(layout: Layout, index: int) -> Path:
    """The private copy of ``layout.overlays[index]``."""
    return private_dir(layout) / "overlays" / str(index)


def inline_file(layout: Layout, index: int) -> Path:
    """The private file of ``layout.files[index]``."""
    name = Path(layout.files[index].target).name
    return private_dir(layout) / "files" / str(index) / name


def prepare_scratch(layout: Layout) -> tuple[Path, Path]:
    """Create and return the private home and /tmp.

    Raises:
        SandboxError: one of them is not a folder (a symlink may have been planted), or the disk
            refuses.
    """
    home, tmp = layout.scratch / "home", layout.scratch / "tmp"
    for folder in (home, tmp):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise SandboxError(
                f"cannot create the private folder {folder}: {error.strerror}",
                advice="see that the results directory is writable and has space",
            ) from error
        if folder.is_symlink():
            raise SandboxError(
                f"the private folder {folder} is a symbolic link, not a folder",
                advice="remove it; a sandbox follows no link there",
            )
    return home, tmp


@contextmanager
def private_copies(layout: Layout, *, overlays: bool, files: bool) -> Iterator[tuple[Path, ...]]:
    """Lay out the copies, yield the overlays' ones in order, and remove all of it at the end.

    Raises:
        SandboxError: a copy could not be made.
    """
    root = private_dir(layout)
    wanted = (overlays and layout.overlays) or (files and layout.files)
    remove_tree(root)
    try:
        if wanted:
            root.mkdir(mode=0o700, parents=True)
        if files:
            for index, file in enumerate(layout.files):
                _write(inline_file(layout, index), file.content, executable=file.executable)
        copies = tuple(overlay_copy(layout, i) for i in range(len(layout.overlays)) if overlays)
        for overlay, copy in zip(layout.overlays, copies, strict=False):
            _copy(overlay.source, copy)
        yield copies
    finally:
        remove_tree(root)


def remove_tree(path: Path) -> None:
    """Remove a folder that a hostile program may have filled: deep, unreadable, full of links.

    ``rm`` walks by descriptor at any depth and follows no link; what its owner locked against
    itself is unlocked first.
    """
    if not os.path.lexists(path):
        return
    if subprocess.run(["rm", "-rf", "--", path], capture_output=True, check=False).returncode:
        subprocess.run(["chmod", "-R", "u+rwX", "--", path], capture_output=True, check=False)
        subprocess.run(["rm", "-rf", "--", path], capture_output=True, check=False)


def _write(path: Path, content: bytes, *, executable: bool) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(path, flags, 0o500 if executable else 0o400), "wb") as file:
            file.write(content)
    except OSError as error:
        raise SandboxError(f"cannot write the private file {path}: {error.strerror}") from error


def _copy(source: Path, copy: Path) -> None:
    copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A reflink where the file system has them, else a plain copy; links stay links.
    options = ("-a", "--reflink=auto", "--no-preserve=ownership")
    command: list[str | Path] = ["cp", *options, "--", source, copy]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SandboxError(
            f"cannot copy {source} for the sandbox: {done.stderr.strip()[-500:]}",
            advice="see that it can be read and that the results directory has space for a copy",
        )
