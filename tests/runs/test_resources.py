"""The resource record: real processes and files; a stand-in for NVIDIA's library only."""

from __future__ import annotations

import inspect
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pynvml
import pytest

from posttrainbench.errors import RecordError
from posttrainbench.records import RunDir
from posttrainbench.records.resources import GpuSample, ResourceSample, read_resources
from posttrainbench.runs import resources
from posttrainbench.runs.gpu_meter import GpuMeter
from posttrainbench.runs.resource_summary import resources_summary, sparkline
from posttrainbench.runs.resources import ResourceRecorder
from posttrainbench.sandboxes.accelerators import gpu_devices
from posttrainbench.spec import RunSpec

BUSY = "x = bytearray(60_000_000)\nwhile True: pass"


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    return RunDir.create(tmp_path, RunSpec(model="qwen3-4b", benchmark="gsm8k", agent="noop"))


def until(condition: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def lines(run: RunDir) -> list[ResourceSample]:
    return read_resources(run.resources_file)


def recording() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "ptb-resources"]


@pytest.fixture
def burner() -> Iterator[subprocess.Popen[bytes]]:
    """A process two levels down that computes and holds 60 MB."""
    command = f"{sys.executable} -c '{BUSY}' & wait"
    with subprocess.Popen(["sh", "-c", command], start_new_session=True) as process:
        yield process
        os.killpg(process.pid, 9)


def test_the_machine_and_the_runs_processes(run: RunDir, burner: subprocess.Popen[bytes]) -> None:
    stage = "prepare"
    with ResourceRecorder(run, lambda: stage, every=0.2, devices=()):
        until(lambda: len(lines(run)) >= 2)
        stage = "solve"
        until(lambda: (lines(run)[-1].run_cpu_seconds or 0) > 0.3 and lines(run)[-1].stage)
    samples = lines(run)
    first, last = samples[0], samples[-1]
    assert (first.stage, last.stage) == ("prepare", "solve")
    assert first.note == "no GPU is here or granted"
    assert {sample.note for sample in samples[1:]} == {""}
    assert [sample.at for sample in samples] == sorted(sample.at for sample in samples)
    assert first.cpu_percent is None
    assert max(s.cpu_percent for s in samples if s.cpu_percent is not None) > 30 / (
        os.cpu_count() or 1
    )
    assert last.cpus == os.cpu_count()
    assert last.load is not None
    assert last.run_processes is not None
    assert last.run_processes >= 2  # the shell and its child
    assert last.run_memory is not None
    assert last.run_memory > 60_000_000
    assert last.memory_total == psutil.virtual_memory().total
    assert last.memory_used is not None
    assert 60_000_000 < last.memory_used < last.memory_total
    disk = shutil.disk_usage(run.path)
    assert last.disk_free == pytest.approx(disk.free, abs=2e9)
    assert last.disk_used == pytest.approx(disk.used, abs=2e9)
    assert not recording()


def test_a_line_at_the_start_and_at_the_end(run: RunDir) -> None:
    for worker in (1, 2):
        with ResourceRecorder(run, lambda: "solve"):
            until(lambda count=2 * worker - 1: len(lines(run)) == count)
        assert len(lines(run)) == 2 * worker


def test_it_costs_next_to_nothing(run: RunDir) -> None:
    recorder = ResourceRecorder(run, devices=())
    meter = GpuMeter(())
    before = time.process_time()
    for _ in range(20):
        recorder._append(recorder._sample(meter, ""))
    assert (time.process_time() - before) / 20 < 0.05
    assert run.resources_file.stat().st_size / 20 < 600


def test_a_reading_that_fails_is_left_out_and_counted(
    run: RunDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise PermissionError("not \udcff yours")

    monkeypatch.setattr(psutil, "virtual_memory", refuse)
    with ResourceRecorder(run, lambda: 1 // 0, every=0.05, devices=()):  # type: ignore[arg-type]
        until(lambda: len(lines(run)) >= 3)
    samples = lines(run)
    assert {sample.stage for sample in samples} == {""}
    assert {sample.memory_used for sample in samples} == {None}
    assert samples[-1].disk_free
    failed, _, rest = samples[-1].note.partition(" ")
    assert int(failed) == 2 * (len(samples) - 1)  # of the lines before
    assert rest.startswith("readings failed; the last: ")


def full_disk(run: RunDir) -> None:
    run.resources_file.symlink_to("/dev/full")


def no_folder(run: RunDir) -> None:
    shutil.rmtree(run.path)


def a_folder_in_its_place(run: RunDir) -> None:
    run.resources_file.mkdir()


@pytest.mark.parametrize("trouble", [full_disk, no_folder, a_folder_in_its_place])
def test_where_nothing_can_be_written_it_ends_in_silence(
    run: RunDir, trouble: Callable[[RunDir], None], capfd: pytest.CaptureFixture[str]
) -> None:
    trouble(run)
    with ResourceRecorder(run, every=0.05):
        until(lambda: not recording())
    assert capfd.readouterr() == ("", "")


def test_no_thread_to_be_had(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with ResourceRecorder(run):
        pass
    assert lines(run) == []


def test_the_file_grows_only_so_far(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "MOST_BYTES", 2000)
    with ResourceRecorder(run, every=0.01, devices=()):
        until(lambda: not recording())
    assert 1000 < run.resources_file.stat().st_size <= 2000
    assert 2 <= len(lines(run)) <= 6


def test_after_a_crash_in_the_middle_of_a_line(run: RunDir) -> None:
    run.resources_file.write_bytes(b'{"at": "2026-11-')
    with ResourceRecorder(run, devices=()):
        pass
    assert len(lines(run)) == 2


def test_damaged_lines_are_skipped(tmp_path: Path) -> None:
    good = ResourceSample(at="t", cpu_percent=1).model_dump_json().encode()
    odd = [
        b"", b"[", b"null", b"3", b"\xff\xfe\x00", b"[" * 100_000, b'{"at": 3}',
        b'{"at": "t", "gpus": [{}]}', b'{"at": "t", "surprise": 1}', b'{"at": "t", "cpus": "many"}',
    ]  # fmt: skip
    file = tmp_path / "resources.jsonl"
    file.write_bytes(b"\n".join([good, *odd, good[:-3], good]))
    assert [sample.cpu_percent for sample in read_resources(file)] == [1, 1]
    assert read_resources(tmp_path / "none.jsonl") == []
    with pytest.raises(RecordError, match="cannot be read"):
        read_resources(tmp_path)


# What follows stands in for NVIDIA's library: names and units are those of the real package.


class FakeNvml:
    """Three GPUs; the second tells little, the third was granted to somebody else."""

    NVML_TEMPERATURE_GPU = 0
    NVMLError = pynvml.NVMLError

    def __init__(self) -> None:
        self.open = 0
        self.pids = [1, os.getpid()]
        self.fault: Exception | None = None

    def _if_told(self, handle: int) -> None:
        if self.fault:
            raise self.fault
        if handle == 1:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)

    def nvmlInit(self) -> None:
        self.open += 1

    def nvmlShutdown(self) -> None:
        self.open -= 1

    def nvmlDeviceGetCount(self) -> int:
        return 3

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        return index

    def nvmlDeviceGetMinorNumber(self, handle: int) -> int:
        return handle

    def nvmlDeviceGetName(self, handle: int) -> str | bytes:
        return b"Old \x1b[31mGPU" if handle == 1 else "NVIDIA H100 80GB HBM3"

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> Any:
        self._if_told(handle)
        return SimpleNamespace(gpu=87, memory=40)

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> Any:
        self._if_told(handle)
        return SimpleNamespace(total=85_000_000_000, free=25_000_000_000, used=60_000_000_000)

    def nvmlDeviceGetPowerUsage(self, handle: int) -> int:
        self._if_told(handle)
        return 512_300

    def nvmlDeviceGetTemperature(self, handle: int, sensor: int) -> int:
        self._if_told(handle)
        return 61

    def nvmlDeviceGetComputeRunningProcesses(self, handle: int) -> list[Any]:
        self._if_told(handle)
        return [SimpleNamespace(pid=pid, usedGpuMemory=None) for pid in self.pids]


@pytest.fixture
def nvml(monkeypatch: pytest.MonkeyPatch) -> FakeNvml:
    fake = FakeNvml()
    monkeypatch.setitem(sys.modules, "pynvml", fake)  # type: ignore[arg-type]
    return fake


TWO = ("/dev/nvidia0", "/dev/nvidia1", "/dev/nvidiactl")


@pytest.mark.parametrize("name", [name for name in vars(FakeNvml) if name.startswith("nvml")])
def test_the_stand_in_has_the_real_librarys_functions(name: str) -> None:
    real = inspect.signature(getattr(pynvml, name)).parameters.values()
    needed = [one.name for one in real if one.default is inspect.Parameter.empty]
    assert [*inspect.signature(getattr(FakeNvml, name)).parameters][1:] == needed


def test_gpus(run: RunDir, nvml: FakeNvml) -> None:
    with ResourceRecorder(run, devices=TWO):
        pass
    assert nvml.open == 0
    full = GpuSample(
        index=0,
        name="NVIDIA H100 80GB HBM3",
        util_percent=87,
        memory_used=60_000_000_000,
        memory_total=85_000_000_000,
        power_watts=512.3,
        temperature_c=61,
        pids=(os.getpid(),),
    )
    for sample in lines(run):
        assert sample.gpus == (full, GpuSample(index=1, name="Old [31mGPU"))
        assert sample.note == ""


def test_a_gpu_that_is_lost_is_recorded_as_silent(run: RunDir, nvml: FakeNvml) -> None:
    nvml.fault = pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)
    with ResourceRecorder(run, devices=TWO):
        pass
    assert [gpu.util_percent for sample in lines(run) for gpu in sample.gpus] == [None] * 4


def test_a_library_that_breaks_is_counted(run: RunDir, nvml: FakeNvml) -> None:
    nvml.fault = OSError("access violation")
    with ResourceRecorder(run, devices=TWO):
        pass
    assert [sample.gpus for sample in lines(run)] == [(), ()]
    assert lines(run)[-1].note == "1 readings failed; the last: OSError: access violation"


def test_a_library_that_hangs_holds_up_nobody(
    run: RunDir, nvml: FakeNvml, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    monkeypatch.setattr(nvml, "nvmlInit", lambda: go_on.wait(60))
    monkeypatch.setattr(resources, "_LEAVING", 0.2)
    started = time.monotonic()
    with ResourceRecorder(run, devices=TWO):
        pass
    assert time.monotonic() - started < 5
    go_on.set()
    until(lambda: not recording())


def test_without_the_package(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with ResourceRecorder(run, devices=TWO):
        pass
    said = "GPUs are not recorded: the package nvidia-ml-py is not installed"
    assert [(sample.note, sample.gpus) for sample in lines(run)] == [(said, ()), ("", ())]


def test_the_real_library(run: RunDir) -> None:
    """Where there is a driver it must tell something, where there is none it must say so."""
    with ResourceRecorder(run, devices=gpu_devices() or TWO):
        pass
    first = lines(run)[0]
    if gpu_devices():
        assert first.gpus
        assert all(gpu.memory_total for gpu in first.gpus)
    else:
        assert first.note.startswith("GPUs are not recorded: ")
        assert first.gpus == ()


def test_the_summary() -> None:
    samples = [
        ResourceSample(
            at="t",
            cpu_percent=None if n == 0 else 10.0 * n,
            cpus=16,
            memory_used=n * 10_000_000_000,
            memory_total=100_000_000_000,
            run_memory=n * 1_000_000_000,
            disk_free=500_000_000_000 - n,
            gpus=(
                GpuSample(
                    index=0, name="H100", util_percent=25.0 * n, power_watts=100.0 * n,
                    memory_used=20_000_000_000, memory_total=80_000_000_000,
                ),
                GpuSample(index=3, name="Silent"),
            ),
        )
        for n in range(5)
    ]  # fmt: skip
    assert resources_summary(samples) == [
        "CPU        ▁▂▃▄ mean 25 %, peak 40 % of 16 cores",
        "memory     ▁▁▂▃▄ mean 20 GB, peak 40 GB of 100 GB",
        "of the run peak 4 GB",
        "disk       500 GB free at the least",
        "GPU 0      ▁▃▅▇█ mean 50 %, peak 100 %, 200 W, H100",
        "  memory   ▃▃▃▃▃ mean 20 GB, peak 20 GB of 80 GB",
    ]
    assert resources_summary([]) == []
    assert resources_summary([ResourceSample(at="t")]) == []


def test_a_long_run_fits_into_a_line() -> None:
    plot = sparkline([0.0] * 300 + [100.0] * 300, 100)
    assert plot == "▁" * 15 + "█" * 15
    assert sparkline([], 100) == ""
    assert sparkline([5, 500, -1], 100) == "▁█▁"
    assert sparkline([1.0], 0) == "▁"


def test_what_is_written_is_json_without_surprises(run: RunDir) -> None:
    with ResourceRecorder(run, lambda: "solve\n\udcff"):
        pass
    for line in run.resources_file.read_text().splitlines():
        assert set(json.loads(line)) == set(ResourceSample.model_fields)
