"""Have a model's likelihoods measured in its sandbox, or take them from the cache."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import __version__
from ..errors import PTBError
from ..records import read_json, write_json
from ..sandboxes import Mount
from .request import LIKELIHOODS, LikelihoodRequest, Likelihoods, ScoredText
from .steps import BASE, MODEL, OUT, Grants, Place, Progress, Where, run_step

_SCORING = 1
"""To be raised when the same texts get other numbers."""


@dataclass(frozen=True)
class Subject:
    """The model whose likelihoods are wanted."""

    folder: Path
    digest: str
    """Its model hash."""
    base: Path
    """The base model's folder, for tokenizer files that it lacks."""


def score_texts(
    subject: Subject,
    texts: Sequence[ScoredText],
    seconds: float,
    place: Place,
    folder: Path,
    progress: Progress,
) -> Likelihoods:
    """Score the texts in a process of its own, without network.

    Args:
        seconds: after so long, loading not counted, no further text is begun.
        folder: of ours, for what the process writes.

    Raises:
        EvaluationError, RunInterruptedError, SandboxError: as
            :func:`posttrainbench.evaluation.steps.run_step`.
    """

    def request(where: Where) -> LikelihoodRequest:
        return LikelihoodRequest(
            model=where(MODEL),
            model_hash=subject.digest,
            base=where(BASE),
            out=where(OUT),
            texts=tuple(texts),
            seconds=seconds,
        )

    grants = Grants(mounts=(Mount(subject.folder, MODEL), Mount(subject.base, BASE)))
    run_step(place, "likelihood", request, grants, folder, progress)
    return read_json(folder / LIKELIHOODS, Likelihoods)


class LikelihoodCache:
    """Likelihoods of base models, which every run on them needs again.

    Args:
        root: a folder of ours; it is made when something is kept.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def seed(self) -> str:
        """A secret of this folder, so that nobody can foretell which twins are scored.

        The same secret for all runs: only then are the base model's likelihoods of use again.
        """
        file = self._root / "seed"
        fresh = secrets.token_hex(16)
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            try:
                descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                return file.read_text(encoding="utf-8").strip() or fresh
            with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
                opened.write(fresh)
        except OSError:
            pass  # nothing is cached then, and nothing is lost
        return fresh

    def fetch(self, digest: str, texts_sha256: str, place: Place) -> Likelihoods | None:
        """What was kept; ``None`` where there is nothing, or it is damaged."""
        file = self._file(digest, texts_sha256, place)
        try:
            return read_json(file, Likelihoods) if file.exists() else None
        except (PTBError, OSError):
            return None

    def store(self, digest: str, texts_sha256: str, place: Place, found: Likelihoods) -> None:
        """Keep a complete measurement; a cache that cannot be written is no error."""
        if not found.complete:
            return
        try:
            write_json(self._file(digest, texts_sha256, place), found)
        except (PTBError, OSError):
            return

    def _file(self, digest: str, texts_sha256: str, place: Place) -> Path:
        device = " ".join(place.devices) or platform.machine()
        facts = [_SCORING, __version__, digest, texts_sha256, device]
        key = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:40]
        return self._root / f"{key}.json"
