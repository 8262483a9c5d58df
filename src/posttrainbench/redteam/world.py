"""What the red team's runs find: a cache with the official models' fingerprints."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ..audit.provenance.fingerprint import make_fingerprint, save_fingerprint
from ..records import publish
from ..registry import make
from .cheats_families import WITH_OFFICIAL, for_any_family
from .cheats_weights import OFFICIAL, OFFICIAL_DATA


def prepare(cache: Path) -> None:
    """Make what is missing in ``cache``.

    The official models' weights stay outside of what runs can see; what the audit knows of them is
    their fingerprints.
    """
    for model in WITH_OFFICIAL:
        known = cache / "fingerprints" / f"red-team-official-{model}.json"
        if not known.is_file():
            folder = _official(cache, model)
            name = f"the official version of {model}"
            made = make_fingerprint(folder, name=name, by="the red team", official=True)
            save_fingerprint(made, known)


def _official(cache: Path, model: str) -> Path:
    """The official version's folder: the base model, trained on words of its own."""
    folder = cache / "redteam" / f"official-{model}"
    if folder.is_dir():
        return folder
    base = make("model", model).fetch(cache, lambda _: None).folder
    work = cache / "redteam" / f"work-{os.getpid()}-{model}"
    work.mkdir(parents=True)
    (work / "official.jsonl").write_text(OFFICIAL_DATA)
    (work / "fetch.py").write_text(for_any_family(OFFICIAL))
    subprocess.run(
        [sys.executable, "fetch.py"], cwd=work, check=True, timeout=200, capture_output=True,
        env={**os.environ, "MODEL": str(base), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    try:
        publish(work / "official", folder)
    except OSError:
        if not folder.is_dir():  # else another process was faster
            raise
    return folder
