"""Versions of the libraries that decide a score, read without importing them."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

_LIBRARIES = (
    "inspect-ai", "inspect-evals", "torch", "transformers", "tokenizers", "safetensors",
    "huggingface-hub", "vllm",
)  # fmt: skip


def library_versions() -> dict[str, str]:
    """Version by distribution name, of those that are installed."""
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
