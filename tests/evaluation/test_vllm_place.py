"""Where vLLM is looked for, what a sandbox must show of it, and the engine inside a sandbox."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Literal

import pytest
import stub_vllm

from posttrainbench.errors import MissingRequirementError
from posttrainbench.evaluation.engines import vllm_gpu
from posttrainbench.evaluation.engines.vllm import VllmFactory
from posttrainbench.evaluation.engines.vllm_place import Installation, find_vllm
from posttrainbench.registry import make
from posttrainbench.sandboxes import Layout, Mount, Request, Sandbox
from posttrainbench.sandboxes.python import python_environment, python_mounts
from posttrainbench.sandboxes.runner import run


def targets(place: Installation) -> set[str]:
    return {mount.target for mount in place.mounts()}


def environment_with_vllm(folder: Path) -> Path:
    program = stub_vllm.install(folder)
    (folder / "bin" / "python").symlink_to(sys.executable)
    return program


def test_the_variable_comes_first_then_beside_then_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named, beside, on_path = (
        stub_vllm.install(tmp_path / name) for name in ("named", "beside", "on path")
    )
    monkeypatch.setenv("PTB_VLLM", str(named))
    monkeypatch.setattr(sys, "executable", str(beside.with_name("python")))
    monkeypatch.setenv("PATH", str(on_path.parent))
    assert find_vllm().program == named
    assert VllmFactory().needs().env == {"PTB_VLLM": str(named)}
    monkeypatch.delenv("PTB_VLLM")
    assert find_vllm().program == beside
    beside.unlink()
    assert find_vllm().program == on_path
    on_path.unlink()
    with pytest.raises(MissingRequirementError, match="no program 'vllm'") as caught:
        VllmFactory().needs()
    assert "PTB_VLLM" in caught.value.advice
    monkeypatch.setenv("PTB_VLLM", str(tmp_path / "nothing"))
    with pytest.raises(MissingRequirementError, match="nothing', which is no program"):
        find_vllm()


def test_the_environment_and_the_python_behind_it_are_mounted(tmp_path: Path) -> None:
    env, base = tmp_path / "env", tmp_path / "python 3.12"
    program = environment_with_vllm(env)
    (base / "bin").mkdir(parents=True)
    (base / "bin" / "python3.12").write_text("")
    (env / "bin" / "python").unlink()
    (env / "bin" / "python").symlink_to("python3.12")
    (env / "bin" / "python3.12").symlink_to(base / "bin" / "python3.12")
    (env / "pyvenv.cfg").write_text(f"home = {base}/bin\nversion = 3.12.1\n")
    assert targets(Installation(program)) == {str(env), str(base)}
    for mount in Installation(program).mounts():
        assert not mount.writable


def test_a_home_is_never_mounted_for_a_stray_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = environment_with_vllm(tmp_path / "opt" / "vllm")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "vllm").symlink_to(program)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PTB_VLLM", str(tmp_path / "bin" / "vllm"))
    shown = targets(find_vllm())
    assert str(program.parent.parent) in shown
    assert not shown & {str(tmp_path), str(tmp_path / "bin"), "/", "/root"}
    (program.parent.parent / "pyvenv.cfg").write_text(f"home = {tmp_path}/bin\n")
    assert str(tmp_path) not in targets(find_vllm())


def test_versions_are_those_of_its_environment(tmp_path: Path) -> None:
    found = Installation(stub_vllm.install(tmp_path / "env")).versions()
    assert found == {"torch": "2.13.0+cpu", "transformers": "5.19.0"}


INSIDE = """
import json, os, sys
from pathlib import Path
from posttrainbench.evaluation import EngineOptions, Prompt, Sampling
from posttrainbench.evaluation.inbox import complete_all
from posttrainbench.registry import make

options = EngineOptions(Path(sys.argv[1]), log=Path(sys.argv[2]) / "log")
engine = make("engine", "vllm").load(options)
prompts = [Prompt(f"call {i}", 30, i, ()) for i in range(8)]
texts = [answer.text for answer in complete_all(engine, prompts, Sampling(1.0))]
pids = engine.server.pids()
engine.close()
left = [pid for pid in pids if os.path.exists(f"/proc/{pid}")]
Path(sys.argv[2], "told").write_text(json.dumps({"texts": texts, "left": left}))
"""


class _Output:
    def __init__(self) -> None:
        self.text = b""

    def write(self, stream: Literal["stdout", "stderr"], chunk: bytes) -> None:
        self.text += chunk


def test_it_serves_inside_a_sandbox(
    sandbox_name: str, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTB_VLLM", str(stub_vllm.install(tmp_path / "env")))
    needs = VllmFactory().needs()
    out = tmp_path / "out"
    out.mkdir()
    sandbox: Sandbox = make("sandbox", sandbox_name)
    noted = tmp_path / "env" / "seen.jsonl"  # the stub's own diary, else nothing is writable
    started = tmp_path / "env" / "starts"
    noted.touch()
    started.touch()
    layout = Layout(
        scratch=tmp_path / "scratch",
        mounts=(
            *python_mounts(),
            *needs.mounts,
            Mount(Path(__file__).parent, str(Path(__file__).parent)),
            Mount(noted, str(noted), writable=True),
            Mount(started, str(started), writable=True),
            Mount(tiny_model, "/ptb/model"),
            Mount(out, "/ptb/out", writable=True),
        ),
    )
    request = Request(
        layout=layout,
        argv=(
            sys.executable, "-c", INSIDE, sandbox.where(layout, "/ptb/model"),
            sandbox.where(layout, "/ptb/out"),
        ),
        workdir=sandbox.where(layout, "/ptb/out"),
        env={**python_environment(), **needs.env},
    )  # fmt: skip
    output = _Output()
    ending = run(sandbox, request, output)
    assert ending.exit_code == 0, output.text.decode()[-3000:]
    told = json.loads((out / "told").read_text())
    assert told["texts"] == [f"seed {i} of call {i}" for i in range(8)]
    assert told["left"] == []
    assert ending.survivors == 0
    assert "starting" in (out / "log").read_text()


SMI = """#!/bin/sh
echo "$@" >> {folder}/asked
test -e {folder}/used && cat {folder}/used
"""


def test_gpus_are_told_by_nvidia_smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text(SMI.format(folder=tmp_path))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    used = tmp_path / "used"
    used.write_text("NVIDIA H100 80GB HBM3, 4\n")
    before = vllm_gpu.gpus()
    assert before == (vllm_gpu.Gpu("NVIDIA H100 80GB HBM3", 4),)
    assert "--id=1" in (tmp_path / "asked").read_text()
    assert vllm_gpu.wait_until_free(before, 5)
    used.write_text("NVIDIA H100 80GB HBM3, 70000\n")
    assert not vllm_gpu.wait_until_free(before, 0.2)
    used.write_text("NVIDIA H100 80GB HBM3, [N/A]\n")
    assert vllm_gpu.gpus()[0].used_mib == 0
    used.unlink()  # no driver: the program fails
    assert vllm_gpu.gpus() == ()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert vllm_gpu.gpus() == ()
