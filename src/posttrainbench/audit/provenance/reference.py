"""A model that a submission is compared with: its weights, or only their fingerprint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..weights.tensors import ModelTensors
from .fingerprint import Fingerprint


@dataclass(frozen=True)
class Reference:
    """One known model.  It has ``tensors`` or a ``print``."""

    name: str
    """As findings call it: a hub id where it is known."""
    place: str
    """Where it was found, in words."""
    tensors: ModelTensors | None = None
    print: Fingerprint | None = None
    ours: bool = True
    """Whether we fetched it ourselves; what lies in an agent's cache may be called anything."""
    official: bool = False
    """Whether no agent can repeat its training, for want of its data or of computing.  What anybody
    can train again resembles an honest repetition of the same recipe."""
    is_certain: Callable[[], bool] = lambda: True
    """Whether it surely came as it is from where it says: in an agent's cache, whether it has the
    checksum that the hub gave it.  Asked only when it matters, as that reads the whole file."""

    @property
    def exact(self) -> bool:
        """Whether every element is known."""
        return self.tensors is not None
