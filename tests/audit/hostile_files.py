"""Hostile files: what the tests share."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import reading_samples as samples
from reading_samples import SENTENCE

from posttrainbench.audit.reading.open_any import documents
from posttrainbench.audit.reading.shapes import UnreadError
from posttrainbench.audit.reading.vocabulary import Vocabulary


class Outcome:
    """What came of reading one file: nothing but UnreadError may be raised."""

    def __init__(self, path: Path, vocabulary: Vocabulary | None = None) -> None:
        self.members: list[str] = []
        self.forms: list[str] = []
        self.hits = self.size = 0
        self.errors: list[UnreadError] = []
        descriptor = os.open(path, os.O_RDONLY)
        try:
            for document in documents(descriptor, path.name, vocabulary):
                self.members.append(document.member)
                self.forms.append(document.form)
                try:
                    for piece in document.pieces:
                        assert piece.line >= 1
                        self.size += len(piece.text)
                        self.hits += SENTENCE in piece.text
                except UnreadError as error:
                    self.errors.append(error)
        finally:
            os.close(descriptor)

    @property
    def why(self) -> str:
        return "; ".join(map(str, self.errors))

    @property
    def clean(self) -> bool:
        """Whether nothing is left unread, or only what is no text."""
        return all(error.harmless for error in self.errors)


ALL = {**samples.texts(), **samples.packed(), **samples.encoded(), **samples.binaries()}


CHILD = """
import os, resource, sys
from posttrainbench.audit.reading.open_any import documents
from posttrainbench.audit.reading.shapes import UnreadError
limit = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
size = hits = 0
errors = []
for document in documents(os.open(sys.argv[1], os.O_RDONLY), sys.argv[1]):
    try:
        for piece in document.pieces:
            size += len(piece.text)
            hits += "quiet heron" in piece.text
    except UnreadError as error:
        errors.append(str(error))
print(size, hits, errors)
"""


MEMORY = 300_000_000


def within_memory(path: Path) -> str:
    """Read a file in a process that may allocate 300 MB in all."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(path), str(MEMORY)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    assert not done.returncode, done.stderr
    return done.stdout
