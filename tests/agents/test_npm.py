"""Installing CLIs: the real npm against a registry on loopback, and the four real CLIs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from toy_registry import Registry, toy_registry

from posttrainbench.agents import Package
from posttrainbench.agents.install import install, remove
from posttrainbench.agents.npm import find, installed, package_dir, version_key
from posttrainbench.agents.program import said_version
from posttrainbench.errors import InputError, MissingRequirementError, PTBError, StorageError
from posttrainbench.registry import make

TOY = Package("@toys/toy", "1.0.0", "toy")
CALL = (
    "from posttrainbench.agents import Package\n"
    "from posttrainbench.agents.install import install\n"
    "print(install(Package('@toys/toy', '1.0.0', 'toy'), None, print).prefix)\n"
)
AT_WORK = 30.0


def says(version: str) -> dict[str, bytes]:
    return {"toy": f"#!/bin/sh\necho toy {version}\n".encode()}


def publish(registry: Registry, version: str, program: dict[str, bytes] | None = None, **more):
    registry.publish(TOY.name, version, files=program or says(version), bin={"toy": "toy"}, **more)


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """A registry with two versions; npm has a cache, a home and an agents folder of its own."""
    if shutil.which("npm") is None:
        if os.environ.get("PTB_REQUIRE") == "all":
            pytest.fail("npm is required (PTB_REQUIRE=all) but is not here")
        pytest.skip("npm is not here")
    with toy_registry() as running:
        publish(running, "1.0.0")
        publish(running, "1.2.0")
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        monkeypatch.setenv("PTB_AGENTS", str(tmp_path / "agents"))
        monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
        monkeypatch.setenv("npm_config_registry", running.url)
        monkeypatch.setenv("npm_config_fetch_retries", "0")
        yield running


def quiet(_: str) -> None:
    """Nobody listens."""


def names() -> set[str]:
    """What stands in the package's folder."""
    folder = package_dir(TOY)
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def test_the_pinned_version_is_installed_and_found(registry: Registry) -> None:
    one = install(TOY, None, quiet)
    assert find(TOY, None, "toy") == one
    assert one.prefix == package_dir(TOY) / "1.0.0"
    assert said_version(one) == "1.0.0"
    facts = json.loads((one.prefix / "installed.json").read_text())
    assert facts["package"] == TOY.name
    assert facts["version"] == "1.0.0"
    assert facts["packages"][TOY.name]["integrity"].startswith("sha512-")
    assert facts["node"].startswith("v")
    assert facts["bytes"] > 0
    assert one.prefix.stat().st_mode & 0o777 == 0o755  # an image is used by others than its maker
    assert names() == {"1.0.0", ".lock"}


def test_what_is_there_needs_neither_npm_nor_network(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = install(TOY, None, quiet)
    asked = len(registry.asked)
    monkeypatch.setenv("PATH", "/nowhere")
    said: list[str] = []
    began = time.monotonic()
    assert install(TOY, "1.0.0", said.append) == one
    assert time.monotonic() - began < 0.1
    assert len(registry.asked) == asked
    assert "there already" in said[0]


def test_versions_stand_side_by_side_and_tags_are_resolved(registry: Registry) -> None:
    assert install(TOY, "latest", quiet).version == "1.2.0"
    assert install(TOY, "old", quiet).version == "1.0.0"
    assert [one.version for one in installed(TOY)] == ["1.0.0", "1.2.0"]
    assert find(TOY, "latest", "toy").version == "1.2.0"
    remove(find(TOY, "1.2.0", "toy"), quiet)
    assert names() == {"1.0.0", ".lock"}
    with pytest.raises(MissingRequirementError, match=r"1\.0\.0") as caught:
        find(TOY, "1.2.0", "toy")
    assert "ptb agents install toy@1.2.0" in caught.value.advice


def test_another_folder_is_an_agents_folder(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = install(TOY, None, quiet, tmp_path / "image")
    assert installed(TOY) == []
    monkeypatch.setenv("PTB_AGENTS", str(tmp_path / "image"))
    assert find(TOY, None, "toy") == one


def test_only_the_packages_own_script_runs(registry: Registry) -> None:
    registry.publish("toy-dep", "3.0.0", scripts={"postinstall": "touch ran"})
    registry.publish("toy-native", "4.0.0", scripts={"postinstall": "touch ran"})
    publish(
        registry,
        "2.0.0",
        scripts={"postinstall": "touch ran"},
        dependencies={"toy-dep": "3.0.0"},
        optionalDependencies={"toy-native": "4.0.0"},
    )
    modules = install(TOY, "2.0.0", quiet).prefix / "node_modules"
    assert (modules / TOY.name / "ran").exists()
    assert (modules / "toy-dep" / "package.json").exists()
    assert not (modules / "toy-dep" / "ran").exists()
    assert not (modules / "toy-native" / "ran").exists()


def test_the_users_npm_settings_do_not_bend_it(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.publish("toy-native", "4.0.0")
    publish(
        registry,
        "2.0.0",
        scripts={"postinstall": "touch ran"},
        optionalDependencies={"toy-native": "4.0.0"},
    )
    (tmp_path / "home").mkdir()
    npmrc = tmp_path / "home" / ".npmrc"
    settings = (
        f"global=true\nprefix={tmp_path / 'global'}\nignore-scripts=true\nomit=optional\n"
        "package-lock=false\nstrict-allow-scripts=true\n"
    )
    npmrc.write_text(settings)
    one = install(TOY, "2.0.0", quiet)
    assert (one.prefix / "node_modules" / TOY.name / "ran").exists()
    assert (one.prefix / "node_modules" / "toy-native").is_dir()
    assert not (tmp_path / "global").exists()
    assert npmrc.read_text() == settings


def started() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-u", "-c", CALL],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def test_of_two_at_once_one_installs(registry: Registry) -> None:
    registry.hang.clear()
    first = started()
    assert registry.waiting.wait(AT_WORK)
    second = started()
    assert second.stdout is not None
    assert "waiting for another installation" in second.stdout.readline()
    registry.hang.set()
    for process in (first, second):
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert out.splitlines()[-1] == str(package_dir(TOY) / "1.0.0")
    assert len([path for path in registry.asked if path.endswith(".tgz")]) == 1


def test_a_killed_installation_does_not_count_and_is_swept(registry: Registry) -> None:
    registry.hang.clear()
    first = started()
    assert registry.waiting.wait(AT_WORK)
    first.kill()  # npm goes on as an orphan, and keeps the lock
    first.communicate(timeout=60)
    with pytest.raises(MissingRequirementError, match="not installed"):
        find(TOY, None, "toy")
    assert any(name.startswith(".unfinished-") for name in names())
    second = started()
    assert second.stdout is not None
    assert "waiting for another installation" in second.stdout.readline()
    registry.hang.set()
    _, err = second.communicate(timeout=60)
    assert second.returncode == 0, err
    assert names() == {"1.0.0", ".lock"}


def test_ctrl_c_leaves_nothing(registry: Registry) -> None:
    registry.hang.clear()
    process = started()
    assert registry.waiting.wait(AT_WORK)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    process.communicate(timeout=60)
    assert process.returncode != 0
    assert names() == {".lock"}


def test_a_folder_that_something_else_left_is_replaced(registry: Registry) -> None:
    folder = package_dir(TOY) / "1.0.0"
    (folder / "junk").mkdir(parents=True)
    one = install(TOY, None, quiet)
    assert not (folder / "junk").exists()
    assert said_version(one) == "1.0.0"
    assert names() == {"1.0.0", ".lock"}


@pytest.mark.parametrize("version", ["9.9.9", "nonsense"])
def test_an_unknown_version_says_which_is_known(registry: Registry, version: str) -> None:
    with pytest.raises(InputError, match=version) as caught:
        install(TOY, version, quiet)
    assert TOY.pinned in caught.value.advice
    assert names() <= {".lock"}


@pytest.mark.parametrize("version", ["../../etc", "1.0.0 --force", "--help", "", "1.0.0\n"])
def test_what_is_no_version_never_reaches_npm(registry: Registry, version: str) -> None:
    if version:
        with pytest.raises(InputError, match="no version"):
            install(TOY, version, quiet)
    else:
        assert install(TOY, version, quiet).version == TOY.pinned


def test_no_network_says_so(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    with pytest.raises(PTBError, match="ECONNREFUSED") as caught:
        install(TOY, None, quiet)
    assert "cannot be reached" in caught.value.advice
    assert "complete log" not in caught.value.what
    assert names() == {".lock"}


def test_a_wrong_checksum_is_refused(registry: Registry) -> None:
    registry.tarballs[f"/{TOY.name}/-/1.0.0.tgz"] = registry.tarballs[f"/{TOY.name}/-/1.2.0.tgz"]
    with pytest.raises(PTBError, match="EINTEGRITY"):
        install(TOY, None, quiet)
    assert names() == {".lock"}


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (says("1.0.1"), "says that it is version 1.0.1"),
        ({"toy": b"#!/bin/sh\necho hello\n"}, "tells no version: 'hello'"),
        ({"toy": b"#!/bin/sh\necho first >&2; echo no such thing >&2; exit 3\n"}, "no such thing"),
        ({"toy": b"#!/no/such/interpreter\n"}, "does not run here"),
    ],
)
def test_a_program_that_does_not_run_is_not_installed(
    registry: Registry, program: dict[str, bytes], words: str
) -> None:
    publish(registry, "1.0.0", program)
    with pytest.raises(PTBError, match=words):
        install(TOY, None, quiet)
    assert installed(TOY) == []
    assert names() == {".lock"}


def test_the_program_is_tried_in_a_home_of_its_own(registry: Registry) -> None:
    script = '#!/bin/sh\ntouch "$HOME/seen"\necho "${PTB_AGENTS-1.0.0}"\n'
    publish(registry, "1.0.0", {"toy": script.encode()})
    install(TOY, None, quiet)
    assert not (Path(os.environ["HOME"]) / "seen").exists()


def path_without(tmp_path: Path, missing: str) -> str:
    """A PATH on which one program is not."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("npm", "node", "sh", "env", "rm"):
        found = shutil.which(name)
        if name != missing and found is not None:
            (folder / name).symlink_to(Path(found).resolve())
    return str(folder)


@pytest.mark.parametrize("missing", ["npm", "node"])
def test_a_missing_program_is_named(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setenv("PATH", path_without(tmp_path, missing))
    with pytest.raises(MissingRequirementError) as caught:
        install(TOY, None, quiet)
    assert "npm on the PATH" in str(caught.value) or "is none" in str(caught.value)
    assert "Node.js 20" in caught.value.advice


def test_an_old_node_is_named(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "bin" / "node"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho v18.20.4\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{old.parent}:{os.environ['PATH']}")
    with pytest.raises(MissingRequirementError, match=r"Node\.js 20 .* v18\.20\.4"):
        install(TOY, None, quiet)


def test_a_script_may_want_a_newer_node_than_is_here(registry: Registry) -> None:
    publish(registry, "1.0.0", engines={"node": ">=99.0.0"})
    with pytest.raises(MissingRequirementError, match=r"Node\.js 99 or newer"):
        install(TOY, None, quiet)
    assert names() == {".lock"}


def test_a_native_program_does_not_care_about_node(registry: Registry) -> None:
    native = Path(shutil.which("true") or "/bin/true").resolve().read_bytes()
    publish(registry, "1.0.0", {"toy": native}, engines={"node": ">=99.0.0"})
    with pytest.raises(PTBError) as caught:  # coreutils tells a version of its own
        install(TOY, None, quiet)
    assert "Node.js 99" not in str(caught.value)


def test_a_full_disk_is_named(registry: Registry, tmp_path: Path) -> None:
    if shutil.which("bwrap") is None:
        if os.environ.get("PTB_REQUIRE") == "all":
            pytest.fail("bubblewrap is required (PTB_REQUIRE=all) but is not here")
        pytest.skip("bubblewrap is not here")
    publish(registry, "1.0.0", {**says("1.0.0"), "weights": os.urandom(3_000_000)})
    small = tmp_path / "agents"
    small.mkdir()
    done = subprocess.run(
        ["bwrap", "--dev-bind", "/", "/", "--size", "1500000", "--tmpfs", small,
         sys.executable, "-c", CALL],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()
    assert any("StorageError" in line for line in last), done.stderr
    assert "No space left" in done.stderr or "ENOSPC" in done.stderr


def test_a_folder_that_cannot_be_made_is_named(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "agents").write_text("a file in the way")
    with pytest.raises(StorageError, match="agents"):
        install(TOY, None, quiet)


def test_versions_are_sorted_as_numbers() -> None:
    wrong = ["1.10.0", "1.9.0", "1.10.0-rc.1", "2.0.0", "1.10.0-rc.2"]
    right = ["1.9.0", "1.10.0-rc.1", "1.10.0-rc.2", "1.10.0", "2.0.0"]
    assert sorted(wrong, key=version_key) == right


@pytest.mark.parametrize("agent", ["claude-code", "codex", "gemini-cli", "opencode"])
def test_the_real_clis_are_installed_whole(ptb_agents: Path, agent: str) -> None:
    package = make("agent", agent).package()
    one = find(package, None, agent)
    facts = json.loads((one.prefix / "installed.json").read_text())
    assert facts["version"] == package.pinned
    assert said_version(one) == package.pinned
