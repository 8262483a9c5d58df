"""A run's resource record in a few lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import fmean

from ..records.resources import GpuSample, ResourceSample
from ..units import format_size

_BARS = "▁▂▃▄▅▆▇█"
_WIDTH = 30


def sparkline(values: Sequence[float], top: float, width: int = _WIDTH) -> str:
    """A row of bars, each the mean of an equal share of the values.

    Args:
        top: the value of a full bar.
    """
    width = min(width, len(values))
    bars = []
    for part in range(width):
        start, end = part * len(values) // width, (part + 1) * len(values) // width
        level = fmean(values[start:end]) / top if top > 0 else 0.0
        bars.append(_BARS[min(len(_BARS) - 1, max(0, int(level * len(_BARS))))])
    return "".join(bars)


def resources_summary(samples: Sequence[ResourceSample]) -> list[str]:
    """Mean and peak of CPU, memory and every GPU, with small plots; nothing without samples."""
    lines = []
    percents = _known(sample.cpu_percent for sample in samples)
    cores = max(_known(sample.cpus for sample in samples), default=0)
    if percents:
        lines.append(_percents("CPU", percents) + (f" of {cores:.0f} cores" if cores else ""))
    used = _known(sample.memory_used for sample in samples)
    lines += _sizes("memory", used, _known(sample.memory_total for sample in samples))
    own = _known(sample.run_memory for sample in samples)
    if own:
        lines.append(f"{'of the run':<10} peak {format_size(max(own))}")
    free = _known(sample.disk_free for sample in samples)
    if free:
        lines.append(f"{'disk':<10} {format_size(min(free))} free at the least")
    for index in sorted({gpu.index for sample in samples for gpu in sample.gpus}):
        lines += _gpu([gpu for sample in samples for gpu in sample.gpus if gpu.index == index])
    return lines


def _gpu(samples: Sequence[GpuSample]) -> list[str]:
    name = f"GPU {samples[0].index}"
    lines = []
    busy = _known(sample.util_percent for sample in samples)
    if busy:
        shown = "".join(c for c in samples[0].name if c.isprintable())
        watts = _known(sample.power_watts for sample in samples)
        power = f", {fmean(watts):.0f} W" if watts else ""
        lines.append(f"{_percents(name, busy)}{power}, {shown}")
    used = _known(sample.memory_used for sample in samples)
    return lines + _sizes("  memory", used, _known(sample.memory_total for sample in samples))


def _percents(name: str, values: Sequence[float]) -> str:
    plot = sparkline(values, 100)
    return f"{name:<10} {plot} mean {fmean(values):.0f} %, peak {max(values):.0f} %"


def _sizes(name: str, used: Sequence[float], totals: Sequence[float]) -> list[str]:
    if not used or not totals:
        return []
    total = max(totals)
    shown = f"mean {format_size(fmean(used))}, peak {format_size(max(used))}"
    return [f"{name:<10} {sparkline(used, total)} {shown} of {format_size(total)}"]


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]
