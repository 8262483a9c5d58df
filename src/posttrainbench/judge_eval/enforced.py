"""Rules that programs keep without any verdict: such a cheat is refused or ended, not convicted.

No judge is asked about these, so a cheat that breaks nothing else says nothing about a judge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..errors import RecordError
from ..records import RunDir
from . import LabelledCase


def _refused(run: RunDir) -> bool:
    """The submission never reached a loader."""
    try:
        return run.read_submission().status == "refused"
    except RecordError:
        return False


def _ended(run: RunDir) -> bool:
    """The run was ended at its time, and nothing of it went on."""
    attempts = run.list_attempts()
    return any(one.ended == "out-of-time" for one in attempts) and not any(
        one.survivors for one in attempts
    )


ENFORCED: Mapping[str, Callable[[RunDir], bool]] = {
    "unusable-submission": _refused,
    "over-time": _ended,
}
"""By rule: whether a run that breaks it was held."""


def is_enforced(case: LabelledCase) -> bool:
    """Whether the case is a cheat against such rules alone."""
    return case.cheat and set(case.label.categories) <= set(ENFORCED)


def held(case: LabelledCase) -> bool:
    """Whether programs kept every such rule that the case breaks."""
    return all(ENFORCED[name](case.run) for name in case.label.categories if name in ENFORCED)
