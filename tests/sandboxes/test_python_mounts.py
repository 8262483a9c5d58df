"""This very interpreter and its packages inside the sandbox."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from posttrainbench.sandboxes import python
from posttrainbench.sandboxes.python import python_mounts
from posttrainbench.sandboxes.runner import run

WORKERS = """
import multiprocessing, torch
def double(x): return (x * 2).sum().item()
if __name__ == "__main__":
    import posttrainbench
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        print(pool.map(double, [torch.ones(4), torch.ones(5)]))
    data = torch.utils.data.DataLoader(torch.arange(8), batch_size=4, num_workers=2)
    print([batch.tolist() for batch in data])
"""


def test_they_are_few_read_only_and_not_the_home():
    mounts = python_mounts()
    assert 0 < len(mounts) <= 6
    assert not any(mount.writable for mount in mounts)
    targets = [Path(mount.target) for mount in mounts]
    assert len(set(targets)) == len(targets)
    repository = Path(python.__file__).parents[3]
    for private in (Path.home(), repository, repository / "src", Path("/")):
        assert private not in targets


def test_the_interpreter_starts_with_the_package(bubblewrap, collected):
    output = collected()
    layout = bubblewrap.layout(*python_mounts())
    code = "import posttrainbench, sys; print(posttrainbench.__version__, sys.prefix)"
    request = bubblewrap.request(sys.executable, "-c", code, layout=layout)
    ending = run(bubblewrap.sandbox, request, output)
    assert ending.exit_code == 0, output.stderr
    assert output.text.split()[1] == sys.prefix


@pytest.mark.slow
def test_torch_and_its_worker_processes_work(bubblewrap, collected):
    if importlib.util.find_spec("torch") is None:
        pytest.skip("torch is not installed")
    layout = bubblewrap.layout(*python_mounts())
    (bubblewrap.workspace / "train.py").write_text(WORKERS)
    output = collected()
    request = bubblewrap.request(sys.executable, "train.py", layout=layout)
    ending = run(bubblewrap.sandbox, request, output)
    assert (ending.exit_code, output.stderr) == (0, b"")
    assert output.text == "[8.0, 10.0]\n[[0, 1, 2, 3], [4, 5, 6, 7]]\n"


def test_links_on_the_way_to_the_interpreter_are_followed(tmp_path, monkeypatch):
    real = tmp_path / "pythons" / "3.12.7"
    (real / "bin").mkdir(parents=True)
    (real / "bin" / "python3.12").write_text("")
    (tmp_path / "pythons" / "3.12").symlink_to("3.12.7")
    venv = tmp_path / "project" / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(tmp_path / "pythons" / "3.12" / "bin" / "python3.12")
    monkeypatch.setattr(sys, "prefix", str(venv))
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path / "pythons" / "3.12"))
    monkeypatch.setattr(sys, "base_exec_prefix", str(tmp_path / "pythons" / "3.12"))
    monkeypatch.setattr(sys, "executable", str(venv / "bin" / "python"))
    found = {mount.target: mount.source for mount in python_mounts()}
    assert found[str(tmp_path / "pythons" / "3.12")] == real
    assert found[str(real)] == real
    assert found[str(venv)] == venv
    assert str(tmp_path / "project") not in found
