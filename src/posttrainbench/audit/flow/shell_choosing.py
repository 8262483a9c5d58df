"""Filters that compare two files: which of them is printed, and which only decides about that.

``grep -vFf questions.txt train.jsonl``, ``comm -23 a b``, ``join -v 1 a b`` and awk's
``NR==FNR {seen[$0]; next} !($0 in seen)`` take rows out of one file by another: cleaning by the
test items is allowed, and is no way for their content.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..code import Level
from ..deeds.command import Command
from .shell_arguments import is_file

_GREPS = frozenset({"grep", "egrep", "fgrep", "rg"})
_TAKING = frozenset("efmABCdD")
"""Options of grep that take the rest of their word, or the next one."""
_FIRST_FILE = re.compile(r"\b(?:NR\s*==\s*FNR|FNR\s*==\s*NR)\b.*\bnext\b", re.DOTALL)
_TAKEN_OUT = re.compile(r"!\s*\(?\s*\(?[^;{}]{0,60}\bin\b|!\s*\w+\s*\[")
_JQ_FILES = ("--rawfile", "--slurpfile")
_NOT = re.compile(r"\|\s*not\b")


def inputs_of(command: Command) -> list[tuple[str, Level]]:
    """The files that a filter reads by name, and how surely it prints what stands in them."""
    argv = command.argv
    words = [word for word in argv[1:] if is_file(word)]
    if command.name in _GREPS:
        return _grep(argv, words)
    if command.name in ("comm", "join") and len(words) > 1:
        return _sorted_files(argv, words[-2:])
    if command.name == "diff":
        return [(word, Level.MAYBE) for word in words]
    if command.name in ("awk", "gawk", "mawk") and len(words) > 1:
        program = next((word for word in argv[1:] if _FIRST_FILE.search(word)), "")
        if program:
            level = Level.CHOOSES if _TAKEN_OUT.search(program) else Level.MAYBE
            files = [word for word in words if word != program]
            return [(files[0], level), *((word, Level.SURE) for word in files[1:])]
    if command.name == "jq":
        asked = {argv[n + 2] for n, w in enumerate(argv[:-2]) if w in _JQ_FILES}
        level = Level.CHOOSES if any(map(_NOT.search, argv[1:])) else Level.MAYBE
        return [(word, level if word in asked else Level.SURE) for word in words]
    return [(word, Level.SURE) for word in words]


def _grep(argv: Sequence[str], words: Sequence[str]) -> list[tuple[str, Level]]:
    asked, inverted, rest = [], False, list(argv[1:])
    while rest:
        word = rest.pop(0)
        if word.startswith("--"):
            flag, equals, value = word.partition("=")
            inverted = inverted or flag == "--invert-match"
            if flag == "--file":
                asked.append(value if equals else (rest or [""])[0])
        elif word.startswith("-"):
            for place, letter in enumerate(word[1:], start=2):
                inverted = inverted or letter == "v"
                if letter in _TAKING:
                    if letter == "f":
                        asked.append(word[place:] or (rest or [""])[0])
                    break
    level = Level.CHOOSES if inverted else Level.MAYBE
    found = [(word, Level.SURE) for word in words if word not in asked]
    return found + [(word, level) for word in asked if word]


def _sorted_files(argv: Sequence[str], files: Sequence[str]) -> list[tuple[str, Level]]:
    """``comm`` and ``join``: rows of one file that the other has not, or of both."""
    flags = "".join(word[1:] for word in argv[1:] if re.fullmatch(r"-[123]+", word))
    own = None
    if argv[0].endswith("comm"):
        own = {frozenset("23"): 0, frozenset("13"): 1}.get(frozenset(flags))
    elif "-v" in argv[:-1]:
        own = {"1": 0, "2": 1}.get(argv[argv.index("-v") + 1])
    elif match := next(filter(None, (re.fullmatch(r"-v([12])", w) for w in argv[1:])), None):
        own = int(match[1]) - 1
    if own is None:
        return [(word, Level.MAYBE) for word in files]
    return [(word, Level.SURE if n == own else Level.CHOOSES) for n, word in enumerate(files)]
