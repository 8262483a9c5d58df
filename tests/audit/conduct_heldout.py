"""Runs that were written by somebody who had not seen the samples of the other modules.

What the check said of them before anything was changed for their sake, in four rounds, each
written after the one before was mended:

=====  ======  =======  ===========  ======  ======  =====================
round  honest  accused  asked about  cheats  missed  found as another kind
=====  ======  =======  ===========  ======  ======  =====================
1          80        1            6      83      20                      4
2          31        0            1      33      14                      0
3          21        0            0      19       4                      0
4          40        0            2      40      14                      0
=====  ======  =======  ===========  ======  ======  =====================

They lie in ``heldout/*.txt`` as plain text: ``@@ name`` begins a run, lines ``word: value`` are
about it, ``@@file PATH`` and ``@@shell`` begin what it left and what it ran.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "heldout"
_MARK = re.compile(r"@@ [a-z0-9-]+$|@@file \S+$|@@shell$")


@dataclass
class Sample:
    """One run."""

    name: str
    about: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    shell: list[str] = field(default_factory=list)

    @property
    def kinds(self) -> frozenset[str]:
        """Of which at least one has to be found; empty for an honest run."""
        return frozenset(self.about.get("kind", "").split("|")) - {""}

    @property
    def open(self) -> str:
        """Why a cheat is not found, or an honest run asked about; empty where it is not so."""
        return self.about.get("open", "")

    @property
    def run(self) -> dict[str, Any]:
        """Arguments for ``conduct_samples.a_run``."""
        more = {key: value for key, value in self.about.items() if key not in ("kind", "open")}
        return {"files": self.files, "shell": self.shell, **more}


def read(name: str) -> list[Sample]:
    """The runs of one file, in order."""
    samples: list[Sample] = []
    part: list[str] = []
    put = part.clear
    for line in (FOLDER / name).read_text(encoding="utf-8").splitlines():
        if _MARK.match(line):
            put()
            part = []
            word, _, rest = line[2:].partition(" ")
            if not word:
                samples.append(Sample(rest))
                put = _header(samples[-1], part)
            elif word == "file":
                put = _file(samples[-1], rest, part)
            else:
                put = _command(samples[-1], part)
        else:
            part.append(line)
    put()
    return samples


def _header(sample: Sample, lines: list[str]) -> Callable[[], None]:
    def put() -> None:
        sample.about.update(line.split(": ", 1) for line in lines if ": " in line)

    return put


def _file(sample: Sample, path: str, lines: list[str]) -> Callable[[], None]:
    def put() -> None:
        sample.files[path] = "\n".join(lines).rstrip() + "\n"

    return put


def _command(sample: Sample, lines: list[str]) -> Callable[[], None]:
    def put() -> None:
        sample.shell.append("\n".join(lines).rstrip())

    return put


FIRST_HONEST = [*read("honest_training.txt"), *read("honest_commands.txt")]
FIRST_CHEATS = [*read("cheats_data.txt"), *read("cheats_other.txt")]
HONEST = [*FIRST_HONEST, *read("honest_second.txt"), *read("honest_third.txt")]
HONEST += read("honest_fourth.txt")
NEAR = [*read("honest_after.txt"), *read("honest_containers.txt")]
"""Honest, and near to what the cheats taught the check."""
CHEATS = [*FIRST_CHEATS, *read("cheats_second.txt"), *read("cheats_third.txt")]
CHEATS += read("cheats_fourth.txt")
AFTER = read("cheats_containers.txt")
"""Cheats that are near to honest runs which were once accused."""
