"""What the GPUs are doing, as NVIDIA's management library (NVML) tells it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from ..records.resources import GpuSample

Value = TypeVar("Value")


class GpuMeter:
    """NVML, opened once.  Where it is missing, :attr:`note` says why and nothing is read.

    Args:
        devices: device files of the GPUs that count, such as ``/dev/nvidia0``.
    """

    def __init__(self, devices: Collection[str]) -> None:
        self.note = ""
        self._nvml: Any = None
        self._open: list[tuple[int, Any, str]] = []
        if not devices:
            self.note = "no GPU is here or granted"
            return
        try:
            nvml = import_module("pynvml")
        except ImportError:
            self.note = "GPUs are not recorded: the package nvidia-ml-py is not installed"
            return
        try:
            nvml.nvmlInit()
        except nvml.NVMLError as error:
            self.note = f"GPUs are not recorded: {error}"
            return
        self._nvml = nvml
        granted = {Path(device).name for device in devices}
        for index in range(nvml.nvmlDeviceGetCount()):
            handle = self._told(partial(nvml.nvmlDeviceGetHandleByIndex, index))
            number = self._told(partial(nvml.nvmlDeviceGetMinorNumber, handle))
            if handle is not None and f"nvidia{index if number is None else number}" in granted:
                name = self._told(partial(nvml.nvmlDeviceGetName, handle))
                self._open.append((index, handle, _text(name)))

    def read(self, own: Collection[int] = ()) -> tuple[GpuSample, ...]:
        """Every GPU now.

        Args:
            own: the run's processes; others on a GPU are not named.
        """
        return tuple(self._sample(*gpu, own) for gpu in self._open)

    def close(self) -> None:
        """Let go of the library."""
        if self._nvml is not None:
            self._told(self._nvml.nvmlShutdown)
            self._nvml, self._open = None, []

    def _sample(self, index: int, handle: Any, name: str, own: Collection[int]) -> GpuSample:
        nvml, told = self._nvml, self._told
        memory = told(lambda: nvml.nvmlDeviceGetMemoryInfo(handle))
        using = told(lambda: nvml.nvmlDeviceGetComputeRunningProcesses(handle)) or []
        milliwatts = told(lambda: nvml.nvmlDeviceGetPowerUsage(handle))
        sensor = nvml.NVML_TEMPERATURE_GPU
        return GpuSample(
            index=index,
            name=name,
            util_percent=told(lambda: float(nvml.nvmlDeviceGetUtilizationRates(handle).gpu)),
            memory_used=None if memory is None else int(memory.used),
            memory_total=None if memory is None else int(memory.total),
            power_watts=None if milliwatts is None else milliwatts / 1000,
            temperature_c=told(lambda: float(nvml.nvmlDeviceGetTemperature(handle, sensor))),
            pids=tuple(sorted({int(process.pid) for process in using} & set(own))),
        )

    def _told(self, ask: Callable[[], Value]) -> Value | None:
        """The answer; ``None`` where this GPU or driver has none."""
        try:
            return ask()
        except self._nvml.NVMLError:
            return None


def _text(name: object) -> str:
    """Older versions of the package give bytes."""
    text = name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name or "")
    return "".join(c for c in text if c.isprintable())[:100]
