"""Hostile programs are read to an end, within bounds, and without a traceback."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from posttrainbench.audit.code import UnparsedError
from posttrainbench.audit.code.machine import FUEL
from posttrainbench.audit.code.reader import LONGEST, read_program


@pytest.mark.parametrize(
    "text",
    [
        "", "\0", "\ufeffopen('a')", "x = " + "(" * 500 + ")" * 500, "-" * 5000 + "1",
        "a" + ".b" * 3000, "f" + "()" * 2000, "[" * 90 + "]" * 90, "if 1:\n" + " if 1:\n" * 99,
        "def f(): return f()\nf()", "class A(A): pass\nA()", "x = [x for x in x]",
        "import " + "a." * 500 + "b",
        "x = {}\nx['x'] = x\nopen(x['x'])", "x = []\nx.append(x)\nopen('a','w').write(str(x))",
        "def f(*a, **k): return f(*a, **k)\nf(f, f=f)", "exec('exec(\"exec(1)\")')",
        "s = 'exec(s)'\nexec(s)", "while True: x = x if x else x",
        "lambda: (yield)", "match x:\n case [a, *b] | {'k': a, **b}: pass",
        "open(*open, **open)", "super().__init__()", "del a[b[c]]", "global x\nx = 1",
        "async def f():\n async with a as b: await c\nf()", "%s" % ("x = 'a' * 10\n" * 3000),
        "class A:\n def __getattr__(self, n): return self.z\nA().q.r.s()",
        "from . import *\nfrom .. import x",
        "".join(" " * n + f"for a{n} in b:\n" for n in range(18)) + " " * 18 + "open(a)",
    ],
    ids=range(30),
)  # fmt: skip
def test_hostile_programs_end_without_a_traceback(text):
    begun = time.monotonic()
    with contextlib.suppress(UnparsedError):
        assert read_program(text).steps <= FUEL + 1
    assert time.monotonic() - begun < 20


def test_a_program_that_is_too_large_is_said_to_be():
    with pytest.raises(UnparsedError, match="characters"):
        read_program("x = 1\n" * LONGEST)


def test_work_is_bounded():
    calls = "\n".join(f"def f{n}():\n    f{n + 1}(); f{n + 1}(); f{n + 1}()" for n in range(40))
    reading = read_program(f"{calls}\ndef f40(): open('x')\nf0()")
    assert not reading.complete
    assert reading.steps <= FUEL + 1


_WORDS = st.sampled_from(
    ["x", "y", "open('a')", "[1, x]", "{'k': x}", "x.y", "x['k']", "f(x)", "f(*x, **y)", "x + y",
     "x % y", "x / y", "not x", "x in y", "(x, y)", "lambda z: z + x", "[z for z in x if z]",
     "f'{x}/{y!r}'",
     "x.append(y)", "x.map(f)", "A(x)", "A(x).m(y)", "os.path.join(x, y)", "json.load(open(x))"]
)  # fmt: skip
_LINES = st.one_of(
    st.builds("{} = {}".format, st.sampled_from(["x", "y", "x.z", "x['q']", "x, y", "[x, *y]"]),
              _WORDS),
    st.builds("if {}:\n    x = {}\nelse:\n    y = {}".format, _WORDS, _WORDS, _WORDS),
    st.builds("for x in {}:\n    y = {}\n    if y: continue".format, _WORDS, _WORDS),
    st.builds("def f(x, y={}, *a, **k):\n    return {}".format, _WORDS, _WORDS),
    st.builds("class A({}):\n    z = {}\n    def m(self, x): self.z = x; return {}".format,
              st.sampled_from(["", "A", "list", "x"]), _WORDS, _WORDS),
    st.builds("try:\n    x = {}\nexcept Exception as y:\n    {}".format, _WORDS, _WORDS),
    st.builds("with {} as x:\n    {}".format, _WORDS, _WORDS),
    st.builds("x += {}".format, _WORDS),
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(_LINES, min_size=1, max_size=12))
def test_any_program_is_read_without_a_traceback(lines):
    reading = read_program("import json, os\n" + "\n".join(lines))
    assert reading.steps > 0
