"""Sandboxes with a network of their own: nothing but the gateway can be reached from inside."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from posttrainbench.gateway import inside_script
from posttrainbench.gateway.door import Door
from posttrainbench.sandboxes import Layout, Limits, Mount, Request
from posttrainbench.sandboxes.bubblewrap import Bubblewrap
from posttrainbench.sandboxes.host import Host
from posttrainbench.sandboxes.python import python_mounts
from posttrainbench.sandboxes.runner import run

ASK = """
import http.client, json, os, socket, sys
port, token, outside = int(sys.argv[1]), os.environ["TOKEN"], int(sys.argv[2])
client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
client.request("POST", "/agent/v1/messages", b"{}", {"x-api-key": token})
status = client.getresponse().status
def reach(address):
    try:
        socket.create_connection(address, timeout=2).close()
        return True
    except OSError:
        return False
try:
    socket.create_server(("127.0.0.1", port)).close()
    taken = False
except OSError:
    taken = True
client.close()
own = "/proc/self/fd/"
links = [os.readlink(own + name) for name in os.listdir(own) if os.path.lexists(own + name)]
print(json.dumps({"status": status, "upstream": reach(("127.0.0.1", outside)),
                  "world": reach(("192.0.2.1", 80)), "taken": taken,
                  "sockets": sum("socket:" in link for link in links)}))
"""


class Output:
    def __init__(self) -> None:
        self.text = {"stdout": b"", "stderr": b""}

    def write(self, stream, chunk):
        self.text[stream] += chunk


def sandboxed(name: str, folder: Path, door: Door, *command: str, **env: str):
    """Run a command behind the door; its ending and output."""
    sandbox = {"bubblewrap": Bubblewrap, "host": Host}[name]()
    (folder / "work").mkdir()
    work = Mount(folder / "work", "/workspace", writable=True)
    layout = Layout(folder / "scratch", (work, *python_mounts()))
    first = (sys.executable, "-I", "-S", str(inside_script()))
    argv = (*first, str(door.pass_fd), str(door.port), "--", *command)
    request = Request(
        layout, argv, sandbox.where(layout, "/workspace"), env=env, network=False,
        pass_fds=(door.pass_fd,), limits=Limits(seconds=60),
    )  # fmt: skip
    output = Output()
    return run(sandbox, request, output), output.text


def test_the_gateway_and_nothing_else(place, sandbox_name, tmp_path):
    here = place()
    with Door(here.gateway) as door:
        ending, text = sandboxed(
            sandbox_name, tmp_path, door, sys.executable, "-c", ASK, str(door.port),
            str(here.upstream.port), TOKEN=here.token,
        )  # fmt: skip
    assert ending.exit_code == 0, text
    assert json.loads(text["stdout"]) == {
        "status": 200, "upstream": False, "world": False, "taken": True, "sockets": 0,
    }  # fmt: skip
    assert len(here.upstream.received) == 1
    assert here.ask()[0] == 200  # the gateway's own port works as before


@pytest.mark.parametrize(
    ("command", "code"), [("no-such-program", 127), ("/etc/passwd", 126), ("true", 0)]
)
def test_a_command_that_cannot_run(place, sandbox_name, tmp_path, command, code):
    with Door(place().gateway) as door:
        ending, text = sandboxed(sandbox_name, tmp_path, door, command)
    assert ending.exit_code == code
    assert (f"cannot run {command}".encode() in text["stderr"]) == bool(code)


def test_a_door_that_nobody_opens(place):
    began = time.monotonic()
    with Door(place().gateway):
        pass
    assert time.monotonic() - began < 1


def test_a_door_whose_gateway_is_closed(place):
    here = place()
    with Door(here.gateway) as door:
        here.gateway.__exit__()
        number = door.pass_fd
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            with socket.socket(fileno=socket.dup(number)) as way:
                socket.send_fds(way, [b"d"], [listener.fileno()])


def test_only_the_first_message_opens(place):
    """Should an agent get hold of the way out, nothing that it sends is read."""
    here = place()
    with Door(here.gateway) as door:
        with socket.socket(fileno=socket.dup(door.pass_fd)) as way:
            way.sendall(b"hello")
            with socket.create_server(("127.0.0.1", 0)) as listener:
                port = listener.getsockname()[1]
                socket.send_fds(way, [b"d"], [listener.fileno()])
        time.sleep(0.2)
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=2)


def test_the_script_stands_alone():
    script = inside_script()
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import runpy; runpy.run_path({str(script)!r})"],
        capture_output=True, check=False, env={},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
