"""Where things that outlive a run are kept: weights, benchmark items, finished evaluations."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path


def cache_dir() -> Path:
    """``$PTB_CACHE``, else the user's cache folder.  Only trusted code writes there: it is never
    mounted writable into a sandbox."""
    named = os.environ.get("PTB_CACHE")
    return Path(named).expanduser().absolute() if named else user_cache_path("posttrainbench")
