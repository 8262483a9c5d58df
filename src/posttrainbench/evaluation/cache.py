"""Finished evaluations, kept by what they depend on.

An entry is a folder under its key with the graded log, the facts of both steps and a list of their
checksums.  It appears by one rename, so two processes cannot disturb each other; an entry that is
damaged counts as absent and is removed.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from .. import __version__
from ..catalog.sources import file_sha256
from ..paths import cache_dir
from ..records import publish, temporary_beside, write_json
from ..spec import PROTOCOL_VERSION, Frozen
from ..templates import template_source
from .engines.choice import engine_name
from .request import GENERATED, GRADED_LOG, GRADES
from .versions import library_versions

CONTENT = (GENERATED, GRADES, GRADED_LOG)
_ENTRY = "entry.json"
_ROOMS = ("benchmarks", "evaluation", "templates")


class Entry(Frozen):
    """``entry.json``: what the key stands for, and the checksums of the other files."""

    schema_version: Literal["evaluation-cache/1"] = "evaluation-cache/1"
    facts: dict[str, Any]
    files: dict[str, str]


def protocol_facts(
    *,
    benchmark: str,
    family: str,
    model_hash: str,
    data_sha256: str,
    seed: int,
    limit: int | None,
    few_shot: bool,
    max_tokens: tuple[int, ...],
    engine: str,
    device: str,
    grader: Mapping[str, Any],
    sandbox: str,
) -> dict[str, Any]:
    """Everything that a score depends on; equal facts give equal scores up to rounding noise."""
    return {
        "protocol": PROTOCOL_VERSION,
        "package": __version__,
        "code": _code_digest(),
        "benchmark": benchmark,
        "data": data_sha256,
        "family": family,
        "template": hashlib.sha256(template_source(family).encode()).hexdigest(),
        "model": model_hash,
        "seed": seed,
        "limit": limit,
        "few_shot": few_shot,
        "grader": dict(grader),
        "sandbox": sandbox,
        "max_tokens": list(max_tokens),
        "engine": engine_name(engine),
        "device": device,
        "versions": library_versions(),
    }


class EvaluationCache:
    """A folder of entries.

    Args:
        root: the package's cache folder; ``None`` takes ``$PTB_CACHE`` or the user's.
    """

    def __init__(self, root: Path | None = None) -> None:
        self._folder = (root or cache_dir()) / "evaluations"

    def fetch(self, facts: Mapping[str, Any], destination: Path) -> bool:
        """Copy an entry's files into ``destination``; false when there is none."""
        folder = self._folder / _key(facts)
        if not folder.exists():
            return False
        destination.mkdir(parents=True, exist_ok=True)
        try:
            entry = Entry.model_validate_json((folder / _ENTRY).read_bytes())
            sound = set(entry.files) == set(CONTENT) and entry.facts == dict(facts)
            for name in CONTENT if sound else ():
                shutil.copyfile(folder / name, destination / name)
                sound = sound and file_sha256(destination / name) == entry.files[name]
        except (OSError, ValidationError):
            sound = False
        if not sound:
            shutil.rmtree(folder, ignore_errors=True)
            for name in CONTENT:
                (destination / name).unlink(missing_ok=True)
        return sound

    def store(self, facts: Mapping[str, Any], source: Path) -> None:
        """Keep the files of a finished evaluation; a cache that cannot be written is no error."""
        folder = self._folder / _key(facts)
        temporary = temporary_beside(folder)
        try:
            temporary.mkdir(parents=True)
            for name in CONTENT:
                shutil.copyfile(source / name, temporary / name)
            sums = {name: file_sha256(temporary / name) for name in CONTENT}
            write_json(temporary / _ENTRY, Entry(facts=dict(facts), files=sums))
            publish(temporary, folder)
        except OSError:
            return  # someone else stored it first, or the disk is full: the result stands anyway
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _key(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:40]


def _code_digest() -> str:
    """Hash of the rooms that decide a score, so that a changed scorer never meets an old entry."""
    digest = hashlib.sha256()
    for room in _ROOMS:
        for name, content in _sources(files("posttrainbench") / room, room):
            digest.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
    return digest.hexdigest()


def _sources(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found = []
    for part in sorted(folder.iterdir(), key=lambda part: part.name):
        name = f"{prefix}/{part.name}"
        if part.is_dir():
            found += _sources(part, name)
        elif part.name.endswith((".py", ".jinja", ".toml", ".txt")):
            found.append((name, part.read_bytes()))
    return found
