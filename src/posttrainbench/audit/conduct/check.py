"""The check of conduct: what the trace and the programs show, topic by topic."""

from __future__ import annotations

from collections.abc import Iterator

from ...records import Finding
from .. import Case
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


class ConductCheck:
    """Reads the agent's commands and programs, and says what they show of forbidden conduct."""

    name = NAME

    def applies(self, case: Case) -> str:
        return "" if case.workspace.is_dir() else "there is no workspace"

    def run(self, case: Case) -> list[Finding]:
        scene = Scene(case)
        found = [finding for topic in TOPICS for finding in topic.find(scene)]
        return [*found, *_unread(scene)]


def _unread(scene: Scene) -> Iterator[Finding]:
    study = scene.study
    yield from report(
        "program-unread",
        "{n} program(s) or passages could not be read",
        [at(place, why) for place, why in (*study.unread, *study.unparsed)],
    )
