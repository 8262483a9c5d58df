"""The check of conduct: what the trace and the programs show, topic by topic."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from ...records import Finding
from .. import Case, PartlyFailedError
from . import (
    apis,
    checkpoints,
    compute,
    grader,
    items,
    lookups,
    probing,
    processes,
    rewards,
    tampering,
)
from .scene import NAME, Scene, at, report

TOPICS = (
    items, checkpoints, tampering, grader, apis, lookups, processes, rewards, compute, probing,
)  # fmt: skip

_NAMED = 3
"""Failures that the record names."""


class ConductCheck:
    """Reads the agent's commands and programs, and says what they show of forbidden conduct."""

    name = NAME

    def applies(self, case: Case) -> str:
        return "" if case.workspace.is_dir() else "there is no workspace"

    def run(self, case: Case) -> list[Finding]:
        scene, found, failed = Scene(case), list[Finding](), list[str]()
        topics = [(topic.__name__.rpartition(".")[2], topic.find) for topic in TOPICS]
        for name, find in (*topics, ("programs", _unread)):
            try:
                found += find(scene)
            except Exception as error:  # what defeats one topic must not silence the others
                failed.append(f"{name}: {type(error).__name__}: {error}")
        failed += _broken(scene)
        if failed:
            raise PartlyFailedError(found, "; ".join(failed[:_NAMED]))
        return found


def _broken(scene: Scene) -> Iterator[str]:
    """Programs on which the reader failed; none where the study itself could not be made."""
    with suppress(Exception):  # then every topic has failed, and said so
        for acted in scene.study.acted:
            if acted.reading.broken:
                yield f"{acted.program.place.file}: {acted.reading.broken}"


def _unread(scene: Scene) -> Iterator[Finding]:
    study = scene.study
    yield from report(
        "program-unread",
        "{n} program(s) or passages could not be read",
        [at(place, why) for place, why in (*study.unread, *study.unparsed)],
    )
