"""Talking with a command while it runs."""

from __future__ import annotations

import os
import socket
import threading

import pytest

from posttrainbench.errors import SandboxError
from posttrainbench.sandboxes.runner import run


def talk(theirs: socket.socket, heard: list[bytes]) -> None:
    theirs.settimeout(30)
    for word in (b"one\n", b"two\n"):
        theirs.sendall(word)
        heard.append(theirs.recv(100))
    theirs.close()


def test_a_socket_is_its_standard_input_and_output(any_desk, collected):
    ours, theirs = socket.socketpair()
    heard: list[bytes] = []
    partner = threading.Thread(target=talk, args=(theirs, heard))
    partner.start()
    output = collected()
    script = 'while read word; do echo "got $word"; done; echo done >&2'
    request = any_desk.request("sh", "-c", script, connection=ours.fileno())
    ending = run(any_desk.sandbox, request, output)
    partner.join()
    ours.close()
    # Each reply came before the next word was sent; the end came when the socket was closed.
    assert heard == [b"got one\n", b"got two\n"]
    assert (ending.ended, ending.exit_code) == ("exited", 0)
    assert (output.stdout, output.stderr) == (b"", b"done\n")


def test_the_caller_s_end_is_told_when_the_command_is_gone(any_desk, collected):
    ours, theirs = socket.socketpair()
    request = any_desk.request("true", connection=ours.fileno())
    run(any_desk.sandbox, request, collected())
    theirs.settimeout(5)
    os.close(ours.detach())
    assert theirs.recv(1) == b""  # nobody else holds it open
    theirs.close()


def test_two_kinds_of_input_are_refused(any_desk, collected):
    ours, theirs = socket.socketpair()
    request = any_desk.request("true", connection=ours.fileno(), stdin=b"x")
    with pytest.raises(SandboxError, match="no other input"):
        run(any_desk.sandbox, request, collected())
    ours.close()
    theirs.close()


def test_a_descriptor_is_handed_over_under_its_number(any_desk, collected):
    ours, theirs = socket.socketpair()
    script = f"echo hello >&{theirs.fileno()}"
    request = any_desk.request("bash", "-c", script, pass_fds=(theirs.fileno(),))
    ending = run(any_desk.sandbox, request, collected())
    assert (ending.ended, ending.exit_code) == ("exited", 0)
    ours.settimeout(5)
    assert ours.recv(100) == b"hello\n"
    theirs.close()
    assert ours.recv(1) == b""  # nothing of the sandbox holds it any more
    ours.close()


def test_only_the_command_holds_a_handed_descriptor(any_desk, collected):
    """When the command closes it, the other side sees the end while the command lives on."""
    ours, theirs = socket.socketpair()
    number = theirs.fileno()
    seen: list[bytes] = []

    def react(chunk: bytes) -> None:
        os.close(theirs.detach())
        ours.settimeout(10)
        seen.append(ours.recv(1))

    output = collected()
    output.react = react
    script = f"exec {number}>&-; echo closed; sleep 3"
    run(any_desk.sandbox, any_desk.request("bash", "-c", script, pass_fds=(number,)), output)
    assert seen == [b""]
    ours.close()


def test_a_descriptor_that_is_not_open_is_refused(any_desk, collected):
    number = os.open(os.devnull, os.O_RDONLY)
    os.close(number)
    for bad in (1, number):
        with pytest.raises(SandboxError, match=f"descriptor {bad} cannot"):
            run(any_desk.sandbox, any_desk.request("true", pass_fds=(bad,)), collected())
