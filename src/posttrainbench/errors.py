"""Every error that this package raises on purpose.

    PTBError                   what happened, and the way out; exit code 1
    ├── InputError             the person's input is wrong, nothing was started; exit code 2
    │   ├── UnknownNameError   no such model, benchmark, agent ...; names the nearest ones
    │   ├── SpecError          a RunSpec or a value of it cannot be used
    │   └── MissingRequirementError   a program, an extra or a data source is absent
    ├── RecordError            a record file is missing, damaged or of another schema
    ├── StorageError           the disk refused: full, read-only, no permission
    ├── LeaseError             another worker writes this run directory; may be retried
    ├── SandboxError           a sandbox could not be set up (the command never ran)
    ├── RunInterruptedError    stopped by a person or a scheduler; resumable; exit code 130
    ├── AgentError             the agent could not begin to work; nothing is spent; may be retried
    ├── SubmissionError        `final_model` is refused; carries a reason code
    └── EvaluationError        a model could not be evaluated
        ├── DataError          benchmark data or weights have the wrong checksum or shape
        ├── GraderError        the grader model gave no usable verdicts; may be retried
        └── EngineError        the engine died or could not be started; may be retried
            ├── OutOfMemoryError   fewer requests at once, or shorter answers, may fit
            ├── EngineTimeoutError   the time limit of the step or of a request ran out
            └── BrokenModelError   the model itself produces NaN; retrying changes nothing

``retry`` says whether trying the same call again may help without anything being changed.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import ClassVar


class PTBError(Exception):
    """Base of all deliberate errors.

    Args:
        what: one sentence that names the file or the value.
        advice: what the person can do now; may be empty when nothing can be done.
    """

    exit_code: ClassVar[int] = 1
    retry: ClassVar[bool] = False

    def __init__(self, what: str, *, advice: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.what}\n  -> {self.advice}" if self.advice else self.what


class InputError(PTBError):
    """Wrong input; nothing was started and nothing was changed."""

    exit_code = 2


class UnknownNameError(InputError):
    """No plug-in or catalogue entry of that name; ``nearest`` holds up to three suggestions."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        self.nearest = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(self.nearest)}? " if self.nearest else ""
        super().__init__(
            f"unknown {kind} {name!r}",
            advice=f"{hint}known: {', '.join(names) or 'none'}",
        )


class SpecError(InputError):
    """A RunSpec, or one value of it, cannot be used."""


class MissingRequirementError(InputError):
    """A program, a Python extra or a data source that this call needs is absent."""


class RecordError(PTBError):
    """A record file is missing, damaged, or written by a newer schema."""


class StorageError(PTBError):
    """The file system refused a write: full, read-only or not permitted."""

    retry = True


class LeaseError(PTBError):
    """Another worker holds the run directory, or took it over from us."""

    retry = True


class SandboxError(PTBError):
    """A sandbox could not be set up; the command in it never ran."""


class RunInterruptedError(PTBError):
    """The run was stopped before its end; everything done so far stands in the run directory."""

    exit_code = 130
    retry = True


class AgentError(PTBError):
    """The agent could not begin: its key was refused, its API is down, its CLI does not start."""

    retry = True


class SubmissionError(PTBError):
    """A submission is refused. ``code`` is a short, stable reason such as ``symlink-outside``."""

    def __init__(self, code: str, what: str, *, advice: str = "") -> None:
        super().__init__(what, advice=advice)
        self.code = code


class EvaluationError(PTBError):
    """A model could not be evaluated."""


class DataError(EvaluationError):
    """Benchmark items or weights do not have the pinned checksum or the expected shape."""


class EngineError(EvaluationError):
    """The engine died, ran out of memory, or produced unusable output; worth another attempt."""

    retry = True


class OutOfMemoryError(EngineError):
    """The engine, or the process around it, had not enough memory."""


class EngineTimeoutError(EngineError):
    """The step, or one request to a server, took longer than it may."""


class GraderError(EvaluationError):
    """The grader model could not be reached, or too many of its verdicts were unusable."""

    retry = True


class BrokenModelError(EngineError):
    """The model's own output is unusable, such as NaN; another attempt gives the same."""

    retry = False
