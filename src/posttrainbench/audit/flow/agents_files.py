"""The agent's own small files, by the names that it has for them."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping

from .. import Case
from ..code.lib_documents import LARGEST
from ..deeds import Program
from ..deeds.places import ours, workspace_of
from ..files.documents import DocumentError, read_bounded
from ..files.opening import open_below
from .naming import path_node


class AgentsFiles:
    """Programs as the trace or the disk tells them, other files as they lie there.

    Attributes:
        texts: Python programs by their names in evidence; of several texts the one on the disk.
    """

    def __init__(self, case: Case) -> None:
        self._case = case
        python = [p for p in case.programs.all if p.path and p.language == "python"]
        self.texts: Mapping[str, Program] = {
            program.path: program
            for program in (*python, *(program for program in python if program.left))
        }

    def theirs(self, path: str) -> str:
        """The agent's name of a file that evidence calls ``path``."""
        for theirs, name in self._case.places:
            if path == name or path.startswith(f"{name}/"):
                return theirs + path[len(name) :]
        usual = {"workspace": "/workspace", "scratch/home": "/home/agent", "scratch/tmp": "/tmp"}  # noqa: S108
        for name, theirs in usual.items():
            if path == name or path.startswith(f"{name}/"):
                return theirs + path[len(name) :]
        return path

    def text_of(self, path: str, cwd: str) -> str | None:
        """The text of a small file of the agent's: a configuration, or another program."""
        node = path_node(path, cwd, self._case.places)
        if (program := self.texts.get(node)) is not None:
            return program.text
        root, _, rest = node.partition("/")
        folder = {"workspace": self._case.workspace, "scratch": self._case.scratch}.get(root)
        if folder is None or not rest or "*" in rest:
            return None
        try:
            descriptor = open_below(folder, rest)
        except (OSError, ValueError):
            return None
        try:
            return read_bounded(descriptor, LARGEST).decode("utf-8", "replace")
        except DocumentError:
            return None
        finally:
            os.close(descriptor)

    def module(self, name: str, importer: str) -> tuple[str, str] | None:
        """A module beside a program."""
        stem = name.lstrip(".")
        levels = len(name) - len(stem)
        folder = posixpath.dirname(importer)
        for _ in range(levels - 1):
            folder = posixpath.dirname(folder)
        inner = stem.replace(".", "/")
        roots = [folder] if levels else [folder, workspace_of(self._case.places)]
        for root in roots:
            stems = (f"{root}/{inner}.py", f"{root}/{inner}/__init__.py") if inner else (
                f"{root}/__init__.py",
            )  # fmt: skip
            for path in stems:
                program = self.texts.get(ours(path, "", self._case.places))
                if program is not None and path != importer:
                    return program.text, path
        return None
