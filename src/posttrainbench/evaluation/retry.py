"""What to do after the engine failed: one table, from the cause to the next try.

    out of memory     fewer requests at once; when they are few already, shorter answers
    time limit        shorter answers
    server died       the same again once, then shorter answers
    anything else     no further try: another one would end the same

"Shorter answers" is the next stage of the benchmark's token ladder.  A low score is never a reason.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..errors import EngineError, EngineTimeoutError, EvaluationError, OutOfMemoryError

FEWER = 4
"""By how much the requests at once are divided."""
FEW = 4
"""So few requests at once are not divided again."""
START = 32
"""From how many the division starts where the engine chose the number itself."""


@dataclass(frozen=True)
class Settings:
    """One way to start the engine."""

    stage: int = 0
    """Step of the token ladder."""
    connections: int | None = None
    repeated: bool = False
    """Whether this start repeats one that died for no known cause."""


def next_try(settings: Settings, error: EvaluationError, stages: int) -> Settings | None:
    """The settings to try after ``error``; ``None``: give up.

    Args:
        stages: length of the token ladder.
    """
    if not isinstance(error, EngineError) or not error.retry:
        return None
    if isinstance(error, OutOfMemoryError):
        connections = settings.connections or START
        if connections > FEW:
            return replace(settings, connections=max(FEW, connections // FEWER), repeated=False)
    elif not isinstance(error, EngineTimeoutError) and not settings.repeated:
        return replace(settings, repeated=True)
    if settings.stage + 1 >= stages:
        return None
    return replace(settings, stage=settings.stage + 1, repeated=False)
