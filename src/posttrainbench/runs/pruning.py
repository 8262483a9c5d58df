"""What of the workspace is kept: all data and code; weights and caches go.

The rules look at names and sizes only, so that a person can tell from the manifest why something
went.  The manifest keeps the size and hash of everything, kept or not.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..audit.files.erase import erase_below
from ..audit.files.walk import Node

WEIGHTS = frozenset(
    {
        ".safetensors",
        ".gguf",
        ".ggml",
        ".pt",
        ".pth",
        ".ckpt",
        ".pdparams",
        ".distcp",
        ".engine",
        ".tflite",
        ".mlmodel",
    }
)
"""Suffixes of files that hold weights or optimizer states, whatever their size."""

PERHAPS_WEIGHTS = frozenset(
    {".bin", ".npz", ".npy", ".h5", ".hdf5", ".msgpack", ".onnx", ".pkl", ".pickle", ".joblib"}
)
"""Suffixes of files that hold weights when they are large, and may be data when they are small."""

LARGE = 16 * 10**6
"""Bytes from which such a file counts as weights."""

CACHES = frozenset(
    {
        "__pycache__",
        ".cache",
        ".pytest_cache",
        ".mypy_cache",
        ".ruff_cache",
        ".triton",
        ".nv",
        ".npm",
        "node_modules",
        "site-packages",
        ".venv",
        "venv",
        "huggingface_cache",
        "hf_cache",
    }
)
"""Names of folders that can be fetched or made again; ``.git`` is not among them."""


@dataclass(frozen=True)
class Pruned:
    """What the cleaning did."""

    files: int
    size: int
    """Bytes of disk that came free."""
    failures: tuple[str, ...]
    """What should have gone and could not be deleted."""


def droppable(path: str, kind: str, size: int) -> str:
    """Why a path is not kept: ``weights``, ``cache``, or empty for what stays."""
    *folders, name = path.split("/")
    if CACHES.intersection(folders) or (kind == "folder" and name in CACHES):
        return "cache"
    suffix = Path(name).suffix.lower()
    if kind != "file":
        return ""
    if suffix in WEIGHTS or (suffix in PERHAPS_WEIGHTS and size >= LARGE):
        return "weights"
    return ""


def delete_droppable(workspace: Path) -> Pruned:
    """Delete weights and caches.  Symlinks are never followed; one inside a cache goes."""
    done = erase_below(workspace, _doomed)
    return Pruned(done.files, done.size, tuple(done.failures))


def _doomed(node: Node) -> bool:
    return bool(droppable(node.path, node.kind, node.status.st_size))
