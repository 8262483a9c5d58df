"""`make` and the setup scripts: what they say and what they leave alone."""

from __future__ import annotations

import fcntl
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest


def call(argv: list[object], cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if k not in ("PYTHON", "MAKEFLAGS", "MFLAGS")}
    return subprocess.run(
        [str(part) for part in argv],
        cwd=cwd,
        env={**inherited, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def fake_python(folder: Path, version: str, name: str = "python3") -> Path:
    """A program that claims to be a Python of that version and can do nothing else."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho {version}\n" if version else "#!/bin/sh\nexit 1\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def setup_venv(root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The script as a module, with its places moved to a temporary folder."""
    monkeypatch.syspath_prepend(str(root / "scripts"))
    import setup_venv as module

    venv = tmp_path / "place with space" / ".venv"
    (venv / "bin").mkdir(parents=True)
    monkeypatch.setattr(module, "ROOT", venv.parent)
    monkeypatch.setattr(module, "VENV", venv)
    monkeypatch.setattr(module, "PYTHON", venv / "bin" / "python")
    monkeypatch.setattr(module, "STAMP", venv / "setup.json")
    for name in ("pyproject.toml", "constraints.txt"):
        (venv.parent / name).write_bytes((root / name).read_bytes())
    monkeypatch.setattr(module, "CONSTRAINTS", venv.parent / "constraints.txt")
    monkeypatch.delenv("PTB_TORCH", raising=False)
    return module


def test_help_lists_every_target(root: Path) -> None:
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert phony is not None
    shown = call(["make"], root).stdout
    for target in phony[1].split():
        assert re.search(rf"^  {target} +\w", shown, re.MULTILINE), target
    assert "\x1b" not in shown


@pytest.mark.parametrize("version", ["3.8", "3.10", "2.7"])
def test_old_python_is_refused_with_a_sentence(root: Path, tmp_path: Path, version: str) -> None:
    python = fake_python(tmp_path / "bin", version)
    done = call(["sh", root / "scripts/setup.sh", "demo"], tmp_path, PYTHON=str(python))
    assert done.returncode == 2
    assert f"Python {version}" in done.stderr
    assert "3.11" in done.stderr
    assert "Traceback" not in done.stderr


def test_python_that_cannot_run_is_named(root: Path, tmp_path: Path) -> None:
    done = call(["sh", root / "scripts/setup.sh", "demo"], tmp_path, PYTHON="/nowhere/python3")
    assert done.returncode == 2
    assert "/nowhere/python3" in done.stderr


def test_no_usable_python_says_what_to_do(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    fake_python(folder, "3.9")
    for name in ("python3.11", "python3.12", "python3.13"):
        fake_python(folder, "", name)
    (folder / "dirname").symlink_to("/usr/bin/dirname")
    done = call(["/bin/sh", root / "scripts/setup.sh", "demo"], tmp_path, PATH=str(folder))
    assert done.returncode == 2
    assert "python3 is 3.9" in done.stderr
    assert "PYTHON=" in done.stderr


def test_a_newer_python_beside_an_old_one_is_found(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    fake_python(folder, "3.9")
    fake_python(folder, "", "python3.13")
    chosen = fake_python(folder, "", "python3.12")
    chosen.write_text('#!/bin/sh\n[ "$1" = -c ] && echo 3.12 || echo "called $@"\n')
    (folder / "dirname").symlink_to("/usr/bin/dirname")
    done = call(["/bin/sh", root / "scripts/setup.sh", "dev"], tmp_path, PATH=str(folder))
    assert done.stdout.split() == ["called", "-B", str(root / "scripts/setup_venv.py"), "dev"]


def test_unknown_extra_is_refused(root: Path) -> None:
    done = call([sys.executable, root / "scripts/setup_venv.py", "everything"], root)
    assert done.returncode == 2
    assert "demo or dev" in done.stderr


def test_missing_ensurepip_names_the_package(
    setup_venv: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup_venv.importlib.util, "find_spec", lambda name: None)
    steps = setup_venv.Steps(setup_venv.VENV / "setup.log")
    with pytest.raises(setup_venv.SetupFailed, match=r"apt install python3\.\d+-venv"):
        setup_venv.ensure_venv(steps)


def test_full_disk_is_said_before_anything_is_done(
    setup_venv: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup_venv.shutil, "disk_usage", lambda path: SimpleNamespace(free=10**9))
    with pytest.raises(setup_venv.SetupFailed, match=r"1\.0 GB are free"):
        setup_venv.ensure_venv(setup_venv.Steps(setup_venv.VENV / "setup.log"))


@pytest.fixture
def stamped(setup_venv: ModuleType) -> ModuleType:
    """As after a finished `make setup-dev`."""
    setup_venv.PYTHON.symlink_to(sys.executable)
    stamp = {"fingerprint": setup_venv.fingerprint(), "extra": "dev"}
    setup_venv.STAMP.write_text(json.dumps(stamp))
    return setup_venv


def test_stamp_spares_the_work(stamped: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert stamped.main(["demo"]) == 0  # dev holds everything of demo
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("change", ["pyproject", "constraints", "torch", "python", "torn", "older"])
def test_stamp_is_worth_nothing_after_a_change(
    stamped: ModuleType, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    assert stamped.is_ready("dev")
    if change == "pyproject":
        (stamped.ROOT / "pyproject.toml").write_text("[project]\n")
    elif change == "constraints":
        stamped.CONSTRAINTS.write_text("torch==2.14.0\n")
    elif change == "torch":
        monkeypatch.setenv("PTB_TORCH", "index")
    elif change == "python":
        stamped.PYTHON.unlink()
    elif change == "torn":
        stamped.STAMP.write_text("{")
    else:
        stamped.STAMP.write_text(stamped.STAMP.read_text().replace('"dev"', '"demo"'))
    assert not stamped.is_ready("dev")


def test_half_installed_package_is_forgotten(setup_venv: ModuleType) -> None:
    site = setup_venv.VENV / "lib/python3.11/site-packages"
    whole, half = site / "whole-1.0.dist-info", site / "half-1.0.dist-info"
    for folder, names in ((whole, ("METADATA", "RECORD", "INSTALLER")), (half, ("METADATA",))):
        folder.mkdir(parents=True)
        for name in names:
            (folder / name).touch()
    (site / "~half").mkdir()
    setup_venv.drop_half_installed(setup_venv.Steps(setup_venv.VENV / "setup.log"))
    assert [path.name for path in site.iterdir()] == [whole.name]


def test_second_setup_waits_for_the_first(stamped: ModuleType, root: Path) -> None:
    code = (
        "import os, sys, setup_steps, setup_venv, pathlib\n"
        "setup_venv.ROOT = pathlib.Path(sys.argv[1])\n"
        "steps = setup_steps.Steps(pathlib.Path(sys.argv[1]) / 'log')\n"
        "with setup_venv.locked(steps): print('mine', flush=True)\n"
    )
    held = os.open(stamped.ROOT, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    environment = {**os.environ, "PYTHONPATH": str(root / "scripts")}
    argv = [sys.executable, "-B", "-c", code, str(stamped.ROOT)]
    second = subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, text=True)
    assert second.stdout is not None
    try:
        assert "waiting" in second.stdout.readline()
        os.close(held)
        assert second.stdout.readline() == "mine\n"
        assert second.wait(30) == 0
    finally:
        second.kill()
        second.stdout.close()


def test_failure_shows_the_end_of_the_log(
    setup_venv: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = setup_venv.Steps(setup_venv.VENV / "setup.log")
    script = "echo first line; seq 1 30; echo the reason >&2; exit 3"
    with pytest.raises(setup_venv.SetupFailed) as failure, steps.step("doing it"):
        steps.run(["sh", "-c", script])
    said = str(failure.value)
    assert "the reason" in said
    assert "first line" not in said
    assert "exit status 3" in said
    assert "first line" in steps.log.read_text()
    assert "doing it" in capsys.readouterr().out


def test_command_over_its_time_is_ended(setup_venv: ModuleType) -> None:
    steps = setup_venv.Steps(setup_venv.VENV / "setup.log")
    started = time.monotonic()
    with pytest.raises(setup_venv.SetupFailed, match="longer than 0 s"):
        steps.run(["sleep", "30"], timeout=0.2)
    assert time.monotonic() - started < 10


class Ways:
    """A stand-in for pip and uv: notes what is asked for and refuses what it is told to."""

    def __init__(self, refused: tuple[str, ...]) -> None:
        self.refused = refused
        self.asked: list[str] = []
        self.said: list[str] = []

    def step(self, label: str):
        from contextlib import nullcontext

        return nullcontext()

    def say(self, text: str) -> None:
        self.said.append(text)

    def run(self, argv, **_: object) -> None:
        from setup_steps import SetupFailed

        words = " ".join(map(str, argv[1:]))
        names = {"--no-index": "local", "--torch-backend=cpu": "uv-cpu", " uv": "uv itself"}
        way = next((name for mark, name in names.items() if mark in words), "index")
        if words.endswith(" uv"):
            way = "uv itself"
        self.asked.append(way)
        if way in self.refused:
            raise SetupFailed(way)


@pytest.mark.parametrize(
    ("gpu", "refused", "asked"),
    [
        (False, (), ["local"]),
        (False, ("local",), ["local", "uv itself", "uv-cpu"]),
        (False, ("local", "uv itself"), ["local", "uv itself", "index"]),
        (False, ("local", "uv-cpu"), ["local", "uv itself", "uv-cpu", "index"]),
        (True, (), ["index"]),
    ],
)
def test_order_of_the_ways_to_torch(
    setup_venv: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    gpu: bool,
    refused: tuple[str, ...],
    asked: list[str],
) -> None:
    import setup_torch

    monkeypatch.setattr(setup_torch, "has_nvidia_gpu", lambda: gpu)
    monkeypatch.setattr(setup_torch, "installed_torch", lambda python: "")
    ways = Ways(refused)
    setup_torch.ensure_torch(ways, Path("python"), setup_venv.CONSTRAINTS)
    assert ways.asked == asked
    assert bool(ways.said) == (asked[-1] == "index" and not gpu)


def test_forced_way_has_no_other_to_fall_back_to(
    setup_venv: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    import setup_torch

    monkeypatch.setattr(setup_torch, "installed_torch", lambda python: "")
    monkeypatch.setenv("PTB_TORCH", "local")
    ways = Ways(("local",))
    with pytest.raises(setup_torch.SetupFailed):
        setup_torch.ensure_torch(ways, Path("python"), setup_venv.CONSTRAINTS)
    assert ways.asked == ["local"]


def test_torch_that_is_there_is_left_alone(
    setup_venv: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    import setup_torch

    pin = setup_torch.pinned(setup_venv.CONSTRAINTS, "torch")
    monkeypatch.setattr(setup_torch, "installed_torch", lambda python: pin)
    ways = Ways(())
    setup_torch.ensure_torch(ways, Path("python"), setup_venv.CONSTRAINTS)
    assert ways.asked == []
