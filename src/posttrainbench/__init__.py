"""PostTrainBench: can a CLI coding agent post-train a language model by itself?

from posttrainbench import RunSpec, run
spec = RunSpec(model="smollm2-135m", benchmark="bfcl-demo", agent="reference", budget="5m")
result = run(spec)
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

try:
    __version__ = version("posttrainbench")
except PackageNotFoundError:
    __version__ = "0+unknown"

if TYPE_CHECKING:
    from .records import Result
    from .runs.api import run
    from .spec import RunSpec

__all__ = ["Result", "RunSpec", "__version__", "run"]

_LAZY = {"RunSpec": ".spec", "Result": ".records", "run": ".runs.api"}


def __getattr__(name: str) -> Any:
    """Import on first use, so that ``import posttrainbench`` stays instant."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LAZY[name], __name__), name)
