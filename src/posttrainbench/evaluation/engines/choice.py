"""Which engine serves here."""

from __future__ import annotations

from ...errors import PTBError
from ...registry import make, names
from ...sandboxes.accelerators import gpu_devices
from .. import EngineFactory


def engine_name(wanted: str = "auto") -> str:
    """``auto`` resolved to a name: vLLM on a machine with a GPU where it is installed.

    Raises:
        UnknownNameError: no engine of that name is installed.
    """
    name = _best() if wanted == "auto" else wanted
    if name not in names("engine"):
        make("engine", name)  # raises, with the nearest names
    return name


def engine_factory(wanted: str = "auto") -> EngineFactory:
    """The factory of an engine.

    Raises:
        UnknownNameError: no engine of that name is installed.
        MissingRequirementError: its libraries are not.
    """
    factory: EngineFactory = make("engine", engine_name(wanted))
    return factory


def _best() -> str:
    if not gpu_devices():
        return "transformers"
    try:
        make("engine", "vllm").needs()
    except PTBError:
        return "transformers"
    return "vllm"
