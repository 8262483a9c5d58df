"""What the red team's runs find: a cache with the official model's fingerprint."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ..audit.provenance.fingerprint import make_fingerprint, save_fingerprint
from ..records import publish
from ..registry import make
from .cheats_weights import OFFICIAL, OFFICIAL_DATA

NAME = "the official version of tiny-random"


def prepare(cache: Path) -> Path:
    """Make what is missing in ``cache``; the official model's folder.

    Its weights stay outside of what runs can see; what the audit knows is its fingerprint.
    """
    base = make("model", "tiny-random").fetch(cache, lambda _: None).folder
    official = cache / "redteam" / "official"
    if not official.is_dir():
        work = cache / "redteam" / f"work-{os.getpid()}"
        work.mkdir(parents=True)
        (work / "official.jsonl").write_text(OFFICIAL_DATA)
        (work / "fetch.py").write_text(OFFICIAL)
        subprocess.run(
            [sys.executable, "fetch.py"], cwd=work, check=True, timeout=200, capture_output=True,
            env={**os.environ, "MODEL": str(base), "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        try:
            publish(work / "official", official)
        except OSError:
            if not official.is_dir():  # else another process was faster
                raise
    known = cache / "fingerprints" / "red-team-official-version.json"
    if not known.is_file():
        made = make_fingerprint(official, name=NAME, by="the red team", official=True)
        save_fingerprint(made, known)
    return official
