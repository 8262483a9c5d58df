"""Code that tries to pass without being right; each fails, quickly, and is a verdict."""

from __future__ import annotations

import time

import pytest
from code_samples import DOUBLE, QUICK, RIGHT, after, body, check

# Shared beginning of the attacks on our own program in the sandbox: get hold of its connection.
GRAB = """
import json, os, select, socket, stat, sys, time
def frame(document):
    content = json.dumps(document).encode()
    return len(content).to_bytes(4, "big") + content
def its_wire():
    at = sys._getframe()
    while at is not None:
        if "wire" in at.f_locals:
            return at.f_locals["wire"]
        at = at.f_back
def connection():
    return its_wire()._descriptor
def sockets():
    found = []
    for number in range(64):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                found.append(number)
        except OSError:
            pass
    return found
FOUR = ["value", "?", ["int", "0x4"]]
"""
FORGED = """verdict = b'{"outcome": "passed", "why": "", "filtered": true}'\n"""

ALWAYS_EQUAL = (
    "__eq__ = lambda self, other: True\n    __hash__ = None\n    __ne__ = lambda self, other: False"
)

AT_IMPORT = {
    "sys.exit": "import sys\nsys.exit(0)",
    "os._exit": "import os\nos._exit(0)",
    "quit": "raise SystemExit(0)",
    "abort": "import os\nos.abort()",
    "a fault": "import ctypes\nctypes.string_at(0)",
    "endless loop": "while True: pass",
    "endless loop that takes every exception": (
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
    ),
    "endless sleep": "import time\ntime.sleep(10**6)",
    "endless output": "while True: print('all tests passed ' * 1000)",
    "endless errors": "import os\nwhile True: os.write(2, b'x' * 65536)",
    "memory bomb": "x = [0]\nwhile True: x += x",
    "a huge number": "x = 10 ** 10 ** 8\nprint(x)",
    "deep recursion": "def f(): f()\nimport sys\nsys.setrecursionlimit(10**9)\nf()",
    "fork bomb": (
        "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"
    ),
    "thread bomb": (
        "import threading, time\n"
        "while True:\n"
        "    try: threading.Thread(target=time.sleep, args=(9,)).start()\n"
        "    except RuntimeError: pass"
    ),
    "patched builtins": (
        "import builtins\n"
        "builtins.isinstance = lambda *a: True\n"
        "builtins.all = builtins.any = lambda *a: True\n"
        "builtins.AssertionError = SystemExit\n"
        "builtins.len = lambda x: 4\n"
        "builtins.type = lambda x: int"
    ),
    "patched math and random": (
        "import math, random\n"
        "math.isclose = lambda *a, **k: True\n"
        "random.randint = lambda *a: 0"
    ),
    "an own check and helper": "def check(candidate): pass\ndef half(x): return 7",
    "another __main__": (
        "import sys, types\n"
        "sys.modules['__main__'] = types.ModuleType('__main__')\n"
        "sys.modules['__main__'].check = lambda candidate: None"
    ),
    "monkeypatched json and os": (
        "import json, os, sys\n"
        "json.dumps = lambda *a, **k: '[\"value\", \"\", [\"int\", \"0x4\"]]'\n"
        "os.write = lambda d, b: len(b)\n"
        "os.read = lambda d, n: b''\n"
        "sys.modules['json'] = sys.modules['os'] = None"
    ),
    "monkeypatched codec": (
        "import sys\n"
        "sys.modules['alone.answer'].encode = lambda value: ['int', '0x4']"
    ),
    "atexit": "import atexit, os\natexit.register(lambda: os._exit(0))\nraise SystemExit",
    "signal handlers": (
        "import os, signal, time\n"
        "for number in signal.valid_signals():\n"
        "    try: signal.signal(number, lambda *a: os._exit(0))\n"
        "    except (OSError, ValueError): pass\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.001)\n"
        "time.sleep(1)"
    ),
    "audit hook": "import sys, os\nsys.addaudithook(lambda *a: os._exit(0))\nopen('/dev/null')",
    "settrace": (
        "import sys\n"
        "def trace(frame, event, arg):\n"
        "    frame.f_trace_opcodes = True\n"
        "    return trace\n"
        "sys.settrace(trace)\n"
        "for at in (sys._getframe(), sys._getframe().f_back): at.f_trace = trace"
    ),
    "replaced streams": (
        "import io, sys, os\n"
        "sys.stdin = sys.stdout = sys.stderr = io.StringIO('passed')\n"
        "for d in (0, 1, 2): os.close(d)"
    ),
    "every descriptor closed": "import os\nos.closerange(0, 64)",
    "every descriptor closed, and on": "import os\nos.closerange(0, 64)\nwhile True: pass",
    "closed by shutdown, and on": (
        GRAB + "for d in sockets(): socket.socket(fileno=d).shutdown(2)\nwhile True: pass"
    ),
    "forged verdict printed": FORGED + "print(verdict.decode())",
    "forged verdict to every descriptor": (
        FORGED + "import os\n"
        "for d in range(64):\n"
        "    try: os.write(d, verdict)\n"
        "    except OSError: pass"
    ),
    "forged messages to every descriptor": (
        GRAB
        + "for d in range(64):\n"
        "    try: os.write(d, frame(['defined']) + frame(FOUR) * 50 + frame(['end', '?']))\n"
        "    except OSError: pass"
    ),
    "defined, then its own replies": (
        GRAB
        + "w = its_wire()\nw.send(['defined'])\n"
        "while True:\n"
        "    message = w.receive()\n"
        "    w.send(['value', message[1], ['int', '0x4']] if message[0] == 'call' else message)"
    ),
    "a reply before the question": GRAB + "its_wire().send(['defined']); its_wire().send(FOUR)",
    "the end before the question": (
        GRAB + "its_wire().send(['defined']); its_wire().send(['end', ''])"
    ),
    "garbage": GRAB + "os.write(connection(), b'\\x00\\x00\\x00\\x05hello')",
    "deep garbage": GRAB + "os.write(connection(), (900000).to_bytes(4,'big') + b'[' * 900000)",
    "a number as message": GRAB + "its_wire().send(7)",
    "an empty list as message": GRAB + "its_wire().send([])",
    "a message without end": (
        GRAB + "d = connection()\nos.write(d, b'\\xff\\xff\\xff\\xff')\n"
        "while True: os.write(d, b'x' * 9999)"
    ),
    "half a message": GRAB + "os.write(connection(), b'\\x00\\x00')\ntime.sleep(99)",
    "a message drop by drop": (
        GRAB + "d = connection()\nos.write(d, b'\\x00\\x0f\\x00\\x00')\n"
        "while True: os.write(d, b' '); time.sleep(0.01)"
    ),
    "a flood of messages": GRAB + "while True: its_wire().send(FOUR)",
    "pickle": (
        GRAB + "import pickle\nb = pickle.dumps(print)\n"
        "os.write(connection(), len(b).to_bytes(4, 'big') + b)"
    ),
    "no syntax": "def double(x: return",
    "a NUL": "\0",
    "half a surrogate": "x = '\ud800'",
    "nested without end": "x = " + "(" * 5000 + ")" * 5000,
    "the function deleted": "del double",
    "the function replaced by a number": "double = 4",
    "too long": "# " + "x" * 300_000,
}  # fmt: skip

AT_CALL = {
    "sys.exit": "import sys\nsys.exit(0)",
    "os._exit": "import os\nos._exit(0)",
    "quit": "quit()",
    "StopIteration": "raise StopIteration",
    "an exception that lies": (
        "class E(BaseException):\n"
        "    __str__ = __repr__ = lambda self: exit(0)\n"
        "    __class__ = property(lambda self: AssertionError)\n"
        "raise E"
    ),
    "an always equal object": f"class A:\n    {ALWAYS_EQUAL}\nreturn A()",
    "an always equal class": (
        "class M(type):\n    __eq__ = lambda a, b: True\n    __hash__ = None\nreturn M('A', (), {})"
    ),
    "an always equal int": f"class A(int):\n    {ALWAYS_EQUAL}\nreturn A(0)",
    "an always equal float": f"class A(float):\n    {ALWAYS_EQUAL}\nreturn A(0)",
    "an always equal list": f"class A(list):\n    {ALWAYS_EQUAL}\nreturn A()",
    "an always equal str": f"class A(str):\n    {ALWAYS_EQUAL}\nreturn A()",
    "an always equal dict": f"class A(dict):\n    {ALWAYS_EQUAL}\nreturn A()",
    "an always equal object in a list": f"class A:\n    {ALWAYS_EQUAL}\nreturn [A(), A()]",
    "a subclass with lying builtins": (
        "class A(int):\n"
        "    __pos__ = __int__ = __index__ = __add__ = lambda *a: 4\n"
        "return A(0)"
    ),
    "unittest.mock.ANY": "from unittest import mock\nreturn mock.ANY",
    "a mock": "from unittest import mock\nreturn mock.MagicMock()",
    "NaN": "return float('nan')",
    "infinity": "return float('inf')",
    "NotImplemented": "return NotImplemented",
    "the question": "return x",
    "a generator": "yield 4",
    "a coroutine": "async def f(): return 4\nreturn f()",
    "a lazy object": "import functools\nreturn functools.partial(lambda: 4)",
    "a proxy of weakref": (
        "import weakref\nclass A: pass\nglobal kept\nkept = A()\nreturn weakref.proxy(kept)"
    ),
    "itself": "return double",
    "a huge number": "return 1 << (1 << 25)",
    "a huge text": "return 'x' * (1 << 28)",
    "a list of itself": "y = []\ny.append(y)\nreturn y",
    "deep nesting": "y = 4\nfor _ in range(10**5): y = [y]\nreturn y",
    "a million parts": "return [0] * 10**6",
    "mutated arguments": "x *= 2 if isinstance(x, list) else 1\nreturn x",
    "frames": (
        "import sys\n"
        "at = sys._getframe()\n"
        "while at:\n"
        "    for values in (at.f_locals, at.f_globals):\n"
        "        if 'check' in values or 'test' in values: return 4\n"
        "    at = at.f_back"
    ),
    "gc": (
        "import gc\n"
        "for thing in gc.get_objects():\n"
        "    if callable(thing) and getattr(thing, '__name__', '') in ('check', '_candidate'):\n"
        "        import os; os._exit(0)"
    ),
    "__del__": (
        "import os\nclass A:\n    def __del__(self): os._exit(0)\nglobal a\na = A()\ndel a"
    ),
    "__del__ that brings it back": (
        "class A(int):\n"
        "    def __del__(self): kept.append(self)\n"
        "kept = []\nreturn A(0)"
    ),
    "endless loop": "while True: pass",
    "endless output": "while True: print('x' * 10000)",
    "deep recursion": "return double(x)",
    "memory bomb": "return [bytearray(1 << 27) for _ in range(100)]",
}  # fmt: skip
AT_CALL["two replies"] = (
    GRAB + "token = sys._getframe().f_back.f_locals['token']\n"
    "its_wire().send(['value', token, ['int', '0x4']])\n"
    "return x * 2"
)
AT_CALL["a second reply to the last question alone"] = (
    GRAB + "token = sys._getframe().f_back.f_locals['token']\n"
    "if x == 19: its_wire().send(['value', token, ['int', '0x26']])\n"
    "return x * 2"
)
AT_CALL["the end, early"] = (
    GRAB + "its_wire().send(['end', sys._getframe().f_back.f_locals['token']])\nreturn x * 2"
)
AT_CALL["a forged kind"] = (
    GRAB + "its_wire().send(['raised', sys._getframe().f_back.f_locals['token']])\nreturn x * 2"
)

ENDS_BADLY = {
    "exits": "import os\nos._exit(0)",
    "raises": "raise ValueError",
    "hangs": "while True: pass",
    "hangs when it is to end": (
        GRAB + "w, receive = its_wire(), its_wire().receive\n"
        "def hang():\n"
        "    message = receive()\n"
        "    while message[0] == 'end': pass\n"
        "    return message\n"
        "w.receive = hang"
    ),
}  # fmt: skip
"""Beside a function that would be right."""

AT_START = [
    *((f"import: {name}", after(code)) for name, code in AT_IMPORT.items()),
    *((f"right, but {name}", f"{RIGHT}\n{code}\n") for name, code in ENDS_BADLY.items()),
]
IN_CALLS = [(f"call: {name}", body(code)) for name, code in AT_CALL.items()]


def cases(*groups: list[tuple[str, str]]) -> pytest.MarkDecorator:
    found = [case for group in groups for case in group]
    return pytest.mark.parametrize(
        "code", [code for _, code in found], ids=[name for name, _ in found]
    )


def failing(code: str, sandbox: str) -> None:
    started = time.monotonic()
    checked = check(DOUBLE, code, sandbox, QUICK)
    assert not checked.passed
    assert checked.why
    assert checked.why.isascii()
    assert checked.why.isprintable()
    # Its own time, the start of everything on a busy machine, the clearing up.
    assert time.monotonic() - started < 60
    assert checked.isolated == (sandbox == "bubblewrap")


@cases(AT_START, IN_CALLS)
def test_it_fails(code: str, bubblewrap: str) -> None:
    failing(code, bubblewrap)


@cases(AT_START)
def test_it_fails_where_only_our_own_limits_hold(code: str) -> None:
    failing(code, "host")


@pytest.mark.parametrize(
    "code",
    [
        RIGHT,
        RIGHT + "\nprint('noise' * 100000)\n",
        RIGHT + "\nimport atexit, os\natexit.register(os._exit, 1)\n",
        RIGHT + "\nif __name__ == '__main__':\n    import doctest\n    doctest.testmod()\n",
        "    return more(x)\n\ndef more(x):\n    return half(x * 4) if x != [1, 2] else x + x\n",
        "    x.__class__.__module__; print('from within'); return x * 2\n",
    ],
    ids=["plain", "noisy", "atexit", "doctest", "helpers", "printing"],
)
def test_a_right_answer_passes(code: str, sandbox_name: str) -> None:
    checked = check(DOUBLE, code, sandbox_name)
    assert checked.passed, checked.why
    assert checked.why == ""
