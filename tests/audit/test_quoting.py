"""Hostile text stays on one line, valid, and short."""

from __future__ import annotations

import json

import pytest

from posttrainbench.audit.files.quoting import QUOTE, quote, safe_name, shown_name


@pytest.mark.parametrize(
    "text", ["\x1b[2J", "a\nb", "\u202egnp", "\udc80", "\0", "\r", "\U000e0001"]
)
def test_quotes_are_printable(text: str) -> None:
    assert quote(text).isprintable()
    assert shown_name(text).isprintable()
    quote(text).encode()


def test_quotes_are_short() -> None:
    assert len(quote("\n" * 10_000)) == QUOTE
    assert quote("x" * QUOTE) == "x" * QUOTE


def test_safe_names_are_one_to_one_and_fit_for_json() -> None:
    names = ["a\udcff", "a\\xff", "a\\\\xff", "a\nb", "ü", "\ud800"]
    safe = [safe_name(name) for name in names]
    assert len(set(safe)) == len(names)
    assert json.loads(json.dumps(safe, ensure_ascii=False).encode().decode()) == safe
    assert safe_name("plain/ü.txt") == "plain/ü.txt"
