"""Parts of files and folders that are the whole: nothing there is any other split."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from functools import cache

from .. import Case
from ..code.splits import splits_named
from ..files.opening import open_below, open_folder
from .graph import Flow
from .naming import apart

_MOST_BYTES = 1 << 28
_BLOCK = 1 << 20
_MOST_NAMES = 2000
_OTHERS = rb"(?:test|val|eval|dev|held|hold)"
_QUOTED = re.compile(rb'"' + _OTHERS + rb'[a-z_-]{0,12}"', re.IGNORECASE)
_ANYWHERE = re.compile(rb"(?<![A-Za-z])" + _OTHERS, re.IGNORECASE)
_OVERLAP = 40


def settle(flow: Flow, case: Case) -> None:
    """Call a part by the name of the whole where there is nothing but it.

    ``rows["train"]`` of a file that has no other split is all of the file (so are all rows but
    ``test``), and a folder's split ``train`` is the folder if no name in it tells of a split.  What
    does not lie there any more stays a part: what else was in it is not known.  So does what a
    program wrote split by split, for that tells more.
    """
    apart_already = {
        base
        for step in flow.steps
        for base, part in (apart(step.target),)
        if part or step.source.endswith(":*")
    }

    @cache
    def whole(node: str) -> str:
        base, part = apart(node)
        training = part == "train" or part.startswith("!")
        if "*" in base or not training or base in apart_already:
            return node
        return base if _is_alone(case, base) else node

    flow.steps = [replace(step, source=whole(step.source)) for step in flow.steps]
    flow.sinks = [
        replace(sink, data={whole(node): level for node, level in sink.data.items()})
        for sink in flow.sinks
    ]


def _is_alone(case: Case, base: str) -> bool:
    """Whether what lies there holds no split but the one for training."""
    label, _, rest = base.partition("/")
    root = {"workspace": case.workspace, "scratch": case.scratch}.get(label)
    if root is None or not rest or "\0" in rest:
        return False
    try:
        folder = open_folder(root, rest.split("/"))
    except (OSError, ValueError):
        folder = -1
    try:
        if folder >= 0:
            return _has_no_splits(folder)
        return not _mentions(open_below(root, rest), quoted=base.endswith(".json"))
    except (OSError, ValueError):
        return False
    finally:
        if folder >= 0:
            os.close(folder)


def _has_no_splits(folder: int) -> bool:
    """Whether files lie in a folder, and none by the name of a split."""
    names = 0
    for root, _, files, _ in os.fwalk(".", dir_fd=folder):
        for name in files:
            names += 1
            if names > _MOST_NAMES or splits_named(f"{root}/{name}"):
                return False
    return names > 0


def _mentions(descriptor: int, *, quoted: bool) -> bool:
    """Whether a file may hold another split by its name."""
    pattern, before = _QUOTED if quoted else _ANYWHERE, b""
    with os.fdopen(descriptor, "rb") as file:
        if os.fstat(descriptor).st_size > _MOST_BYTES:
            return True
        while block := file.read(_BLOCK):
            if pattern.search(before + block):
                return True
            before = block[-_OVERLAP:]
    return False
