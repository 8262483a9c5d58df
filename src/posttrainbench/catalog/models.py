"""Base models as plug-ins: an entry, and how to get the weights onto this machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..records import Source
from .entries import ModelEntry

Progress = Callable[[str], None]
"""Called with one short line for a person whenever long work gets on."""


@dataclass(frozen=True)
class FetchedModel:
    """Weights on this machine: a Hugging Face folder (config, safetensors, tokenizer)."""

    folder: Path
    source: Source
    """Its ``sha256`` is the folder's model hash (``records.hashing``), taken at this fetch."""


class ModelPlugin(Protocol):
    """One base model."""

    entry: ModelEntry

    def fetch(self, cache: Path, progress: Progress) -> FetchedModel:
        """Get the weights into ``cache`` (once) and check them.

        Raises:
            DataError: no source can be reached, or what came is not what was pinned.
        """
