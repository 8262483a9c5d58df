"""What the command can see, write and reach."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest

from posttrainbench.errors import SandboxError
from posttrainbench.sandboxes import InlineFile, Mount, Overlay

CONNECT = "timeout 5 bash -c 'echo > /dev/tcp/{host}/{port}' && echo connected"


def test_no_file_of_the_host_or_of_another_run_is_visible(bubblewrap, tmp_path):
    other = tmp_path / "other-run"
    other.mkdir()
    (other / "secret").write_text("secret")
    places = [other / "secret", Path(__file__), "/etc/shadow", "/root/.bashrc", "/var/log"]
    script = "\n".join(f"ls -d '{place}' && echo VISIBLE" for place in places)
    _, output = bubblewrap.run(script + "\nls -A /home; ls -A ~; ls -A /tmp; ls /run /mnt")
    assert "VISIBLE" not in output.text
    assert output.text == "agent\n/run:\n"


def test_nothing_but_workspace_home_and_tmp_is_writable(bubblewrap):
    find = "find / -maxdepth 4 -writable -not -type l -not -path '/proc/*' -not -path '/dev/*'"
    _, output = bubblewrap.run(f"{find} 2>/dev/null | sort; touch /x /etc/x /dev/x /usr/x /home/x")
    # /dev/shm is private memory, bounded by the memory limit.
    assert output.text.split() == ["/home/agent", "/tmp", "/workspace"]
    assert output.stderr.count(b"Read-only file system") == 5


def test_identity_and_privileges(bubblewrap):
    _, output = bubblewrap.run(
        "id -un; id -u; hostname; pwd; "
        "grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status"
    )
    assert output.text.split() == [
        "agent", "1000", "sandbox", "/workspace", "CapEff:", "0" * 16, "CapBnd:", "0" * 16,
        "NoNewPrivs:", "1", "Seccomp:", "2",
    ]  # fmt: skip


def test_no_new_namespace_inside(bubblewrap):
    _, output = bubblewrap.run("unshare -U true || echo refused; unshare -r true || echo refused")
    assert output.text == "refused\nrefused\n"


def test_only_its_own_processes_are_visible(desk):
    _, output = desk.run("ls /proc | grep -c '^[0-9]'; cat /proc/1/comm")
    count, init = output.text.split()
    assert int(count) < 8
    assert init != Path("/proc/1/comm").read_text().strip()


def test_read_only_and_writable_mounts(bubblewrap, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "a").write_text("hello")
    layout = bubblewrap.layout(Mount(data, "/data/set"))
    _, output = bubblewrap.run("cat /data/set/a; echo x > /data/set/a; touch mine", layout=layout)
    assert output.text == "hello"
    assert (data / "a").read_text() == "hello"
    assert (bubblewrap.workspace / "mine").exists()


def test_home_and_tmp_are_private_folders_of_the_run(any_desk):
    _, output = any_desk.run("echo h > ~/h; echo t > $TMPDIR/t; echo $HOME $TMPDIR")
    scratch = any_desk.folder / "scratch"
    assert (scratch / "home" / "h").read_text() == "h\n"
    assert (scratch / "tmp" / "t").read_text() == "t\n"
    layout = any_desk.layout()
    where = any_desk.sandbox.where
    assert output.text.split() == [where(layout, "/home/agent"), where(layout, "/tmp")]


def test_environment_is_the_allow_list(any_desk, monkeypatch):
    monkeypatch.setenv("PTB_CANARY", "canary")
    _, output = any_desk.run("env", env={"ALLOWED": "with space\nand line", "LANG": "C"})
    names = {line.partition("=")[0] for line in output.text.splitlines() if "=" in line}
    ours = {"PATH", "HOME", "TMPDIR", "LANG", "USER", "ALLOWED", "TOKEN"}
    shells = {"PWD", "SHLVL", "_", "OLDPWD"}
    marks = {"PTB_SANDBOX_MARK"} if any_desk.network else set()
    assert names - shells == ours | marks
    assert "canary" not in output.text
    assert "LANG=C\n" in output.text
    assert "ALLOWED=with space\nand line\n" in output.text


def test_no_secret_and_no_path_in_any_process_argument(desk, collected, command_lines):
    seen: list[str] = []
    output = collected(
        react=lambda _: seen.extend(command_lines("canary-7f3a") + command_lines(str(desk.folder)))
    )
    files = (InlineFile("/keys/key", b"canary-7f3a"),)
    desk.run(
        "echo up; sleep 0.2", output=output, env={"KEY": "canary-7f3a"},
        layout=desk.layout(files=files),
    )  # fmt: skip
    assert output.stdout == b"up\n"
    assert seen == []


def test_no_descriptor_of_ours_reaches_the_command(any_desk):
    _, output = any_desk.run("ls /proc/$$/fd; true")
    assert output.text.split() == ["0", "1", "2"]


def test_network_off_leaves_only_loopback(desk):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        script = (
            CONNECT.format(host="127.0.0.1", port=port) + "; sed 1,2d /proc/net/dev | cut -d: -f1"
        )
        _, off = desk.run(script, network=False)
        _, on = desk.run(script, network=True)
    assert off.text.split() == ["lo"]
    assert "connected" in on.text


def test_loopback_works_inside(desk):
    listen = "import socket; s = socket.create_server(('127.0.0.1', 0)); "
    connect = "socket.create_connection(s.getsockname()); print('ok')"
    _, output = desk.run(f'/usr/bin/python3 -c "{listen}{connect}"')
    if b"No such file" in output.stderr:
        pytest.skip("no system Python to listen with")
    assert output.text == "ok\n"


def test_network_that_cannot_be_kept_off_is_refused(bare_host):
    with pytest.raises(SandboxError, match="network"):
        bare_host.run("true", network=False)


def test_inline_file_is_readable_and_not_writable(any_desk):
    files = (
        InlineFile("/keys/a key", b"s3cret"),
        InlineFile("/keys/tool", b"#!/bin/sh\necho ran\n", True),
    )
    layout = any_desk.layout(files=files)
    key, tool = (any_desk.sandbox.where(layout, file.target) for file in files)
    _, output = any_desk.run(
        f"cat '{key}'; echo; stat -c %a '{key}' '{tool}'; '{tool}'", layout=layout
    )
    assert output.text == "s3cret\n400\n500\nran\n"
    if any_desk.sandbox.isolates_files:
        _, output = any_desk.run(f"echo x > '{key}' || rm -f '{key}'; cat '{key}'", layout=layout)
        assert output.text == "s3cret"
    assert not list(any_desk.folder.glob("*.private"))


def test_overlay_writes_vanish(any_desk, tmp_path):
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "a").write_text("old")
    layout = any_desk.layout(overlays=(Overlay(cache, "/cache"),))
    place = any_desk.sandbox.where(layout, "/cache")
    script = f"cd '{place}' && cat a && echo new > a && touch b && cat a; chmod 0 ."
    for _ in range(2):
        ending, output = any_desk.run(script, layout=layout)
        assert (output.text, ending.exit_code) == ("oldnew\n", 0)
    assert [path.name for path in cache.iterdir()] == ["a"]
    assert (cache / "a").read_text() == "old"
    assert not list(any_desk.folder.glob("*.private"))


def test_paths_with_blanks_and_quotes(desk, tmp_path):
    desk.folder = tmp_path / 'a run\'s "own" $folder'
    odd = tmp_path / "data 'set'"
    odd.mkdir()
    (odd / "x y").write_text("fine")
    layout = desk.layout(Mount(odd, "/my data/it's"))
    place = desk.sandbox.where(layout, "/my data/it's/x y")
    _, output = desk.run('cat "$FILE"; echo kept > "it\'s"', layout=layout, env={"FILE": place})
    assert output.text == "fine"
    assert (desk.workspace / "it's").read_text() == "kept\n"


def test_devices_are_given_by_name(bubblewrap):
    device = Path("/dev/fuse")
    if not device.exists():
        pytest.skip("no /dev/fuse to hand over")
    _, output = bubblewrap.run("ls /dev/fuse", layout=bubblewrap.layout(devices=("/dev/fuse",)))
    assert output.text == "/dev/fuse\n"
    _, output = bubblewrap.run("ls /dev/fuse")
    assert output.text == ""


def test_enforcement_names_the_mechanism(any_desk):
    ending, _ = any_desk.run("true")
    words = ending.enforcement.processes
    expected = "bubblewrap" if any_desk.sandbox.isolates_files else "unshare"
    assert ("subreaper" if any_desk.network else expected) in words
    assert ending.enforcement.network.startswith("open" if any_desk.network else "own namespace")
    assert ending.enforcement.memory == "no limit asked for"


def test_tools_of_the_test_exist():
    """A test that greps for nothing proves nothing."""
    for program in ("setsid", "nohup", "find", "unshare"):
        assert subprocess.run(["which", program], capture_output=True, check=False).returncode == 0
