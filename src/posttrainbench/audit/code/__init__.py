"""What a Python program would do, read from its syntax tree and never run.

:func:`posttrainbench.audit.code.reader.read_program` walks a program as an interpreter would, over
*abstract* values: the texts that a value may be (file names, hub ids), and the files, data sets and
models that its content came from.  What it cannot follow it says: a fact is ``resolved`` or not,
and a reading is ``complete`` or not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal

HOLE = "\ue000"
"""Stands in a text for a part that is not known; no byte and no ordinary text is this character."""

FactKind = Literal[
    "read",  # a file or folder of data
    "write",  # a file or folder; its sources are what the content came from
    "print",  # to standard output; its sources are what is printed
    "copy",  # files copied, moved or linked: targets are (from, to)
    "dataset",  # data named on a hub, in a package, or by an address
    "model",  # weights loaded or downloaded
    "save-model",  # weights written or uploaded
    "train",  # weights are changed
    "noise",  # random numbers that weights may be changed by
    "command",  # another program is started
    "client",  # a client of an LLM API is made
    "request",  # something is asked over the network
    "hide",  # a process changes its name or leaves its session
    "env",  # a variable of the environment is read
    "env-set",  # or set
    "delete",
    "kill",
    "dynamic",  # code that is made while the program runs
    "patch",  # something of a library is replaced
    "probe",  # the system around the program is touched
]


class Level(IntEnum):
    """How surely something flows from a source to a place."""

    CHOOSES = 1
    """It only decides: in a condition, a membership test, an index, a score that is compared."""
    MAYBE = 2
    """Through something whose working is not known."""
    SURE = 3
    """As content."""


Sources = dict[int, Level]
"""Numbers of the facts that a value came from, and how surely."""


@dataclass(eq=False)
class Fact:
    """One thing that the program does."""

    number: int
    kind: FactKind
    what: str
    """The dotted name of what is called: ``datasets.load_dataset``."""
    line: int
    file: str = ""
    """The module that it stands in; empty for the program itself."""
    targets: tuple[str, ...] = ()
    """File names as the program names them, hub ids, addresses, commands; ``*`` stands for a part
    that is not known."""
    resolved: bool = True
    """Whether ``targets`` are all that it can be."""
    certain: bool = True
    """Whether this is done whenever the program runs: not in code that nothing calls, and not under
    a condition that hangs on an option that is not known."""
    detail: dict[str, str] = field(default_factory=dict)
    """``split``, ``config``, ``base_url`` and other words about it."""
    sources: Sources = field(default_factory=dict)
    """Of the content that is written, sent, or trained on."""
    start: Sources = field(default_factory=dict)
    """``train`` and ``save-model``: of the weights that are trained or saved."""
    rewards: Sources = field(default_factory=dict)
    """``train``: what its rewards are made of."""
    steered: Sources = field(default_factory=dict)
    """Of the conditions that it stands under."""


@dataclass(frozen=True)
class Reading:
    """What one program does when it is started in one way."""

    facts: tuple[Fact, ...] = ()
    imports: Mapping[str, int] = field(default_factory=dict)
    """Dotted names of everything imported from outside, each with its first line."""
    local: tuple[str, ...] = ()
    """Paths of the modules beside it that were read with it."""
    complete: bool = True
    """Whether everything was followed: no code made while it runs, no limit reached."""
    why: tuple[str, ...] = ()
    """What was not followed."""
    steps: int = 0
    """How many expressions and statements were looked at."""
    broken: str = ""
    """How the reader itself failed on it; what it had seen by then is kept."""

    def of(self, *kinds: FactKind) -> tuple[Fact, ...]:
        """The facts of some kinds, in order."""
        return tuple(fact for fact in self.facts if fact.kind in kinds)


class UnparsedError(Exception):
    """The text is no Python that can be read; says why."""
