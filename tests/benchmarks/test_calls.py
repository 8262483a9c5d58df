from __future__ import annotations

import pytest

from posttrainbench.benchmarks.reading.calls import Call, mismatch, parse_call, same_value


def test_parse_call_reads_literals_only() -> None:
    call = parse_call("f(a=1, b='x', c=[1.5, (2, 3)], d={'k': None}, e=-1, f=True)")
    assert call.name == "f"
    assert call.arguments == {
        "a": 1, "b": "x", "c": [1.5, (2, 3)], "d": {"k": None}, "e": -1, "f": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "",
        "f",
        "f(1)",
        "f(a=g())",
        "f(a=x)",
        "f(**{})",
        "f(a=1, a=2)",
        "f(a=1)(b=2",
        "f(a=\x00)",
        f"f(a={'[' * 100_000}",
        f"f(a={'-' * 100_000}1)",
        f"f(a={'9' * 10_000})",
        "1+1",
        "f(a=__import__('os'))",
    ],
)
def test_parse_call_refuses_everything_else(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_call(text)


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (True, True, True),
        ("1", 1, False),
        ("a", "A", False),
        ((1, 2), [1, 2], True),
        ([(1, 2)], [[1.0, 2]], True),
        ([1, 2], [2, 1], False),
        ([1], [True], False),
        ({"a": (1,)}, {"a": [1]}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        (None, None, True),
        (None, 0, False),
        (float("nan"), float("nan"), False),
        ("", [], False),
    ],
)
def test_same_value(left: object, right: object, same: bool) -> None:
    assert same_value(left, right) is same
    assert same_value(right, left) is same


TRUTH = Call("f", {"a": 1, "b": (2, 3)})


@pytest.mark.parametrize(
    ("calls", "why"),
    [
        ([Call("f", {"a": 1.0, "b": [2, 3]})], ""),
        ([], "exactly one call, got 0"),
        ([TRUTH, TRUTH], "exactly one call, got 2"),
        ([Call("F", TRUTH.arguments)], "expected the function 'f'"),
        ([Call("f", {"a": 1})], "missing: ['b']"),
        ([Call("f", {**TRUTH.arguments, "c": 1})], "not expected: ['c']"),
        ([Call("f", {"a": True, "b": [2, 3]})], "argument 'a' differs"),
    ],
)
def test_mismatch(calls: list[Call], why: str) -> None:
    found = mismatch(calls, TRUTH)
    assert (found == "") if why == "" else (why in found)


def test_a_call_is_shown_in_bounds() -> None:
    deep: object = 1
    for _ in range(100_000):
        deep = [deep]
    for value in (deep, 10**5000, "x" * 1_000_000, "\ud800"):
        shown = Call("f\udfff" * 200, {"a\ud800": value}).brief()
        assert len(shown) <= 500
        assert shown.encode()
    assert Call("f", {"a": [1, "x"]}).brief() == "f(a=[1, 'x'])"
