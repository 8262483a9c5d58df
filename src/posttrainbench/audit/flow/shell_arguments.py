"""What the words of single commands mean: options, files, addresses, downloads."""

from __future__ import annotations

import re
from itertools import pairwise

from ..deeds.command import Command

_TRAINS = re.compile(r"train|tun[ei]|sft|dpo|grpo|ppo|rl|fit|learn|lora|merge|launch|run|distil")
_SHOWN = (".md", ".log", ".png", ".jpg", ".svg", ".pdf", ".html", ".rst")
"""Endings of files that are looked at, and no data."""
_PLAIN = re.compile(r"--?[\w-]+(?:=[\d.,:%-]*)?|[\d.,:%-]+[a-z]?")
_IMPORT = re.compile(r"^\.import\s+(?:--?\w+\s+(?:\d+\s+)?)*(\S+)\s+\S", re.MULTILINE)
_TAKING = ("--repo-type", "--local-dir", "--include", "--exclude", "--revision", "--token",
           "--cache-dir", "--max-workers")  # fmt: skip
_SPLIT_TAKES = ("-l", "-b", "-C", "-n", "-a", "--lines", "--bytes", "--number", "--suffix-length",
                "--additional-suffix", "--filter", "-t")  # fmt: skip


def downloaded(command: Command) -> tuple[str, str, str]:
    """A download by the hub's own program.

    Returns:
        Id, kind (``model``, ``dataset`` or ``side-files``) and folder; empty for other commands.
    """
    argv = command.argv
    if command.name not in ("hf", "huggingface-cli") or "download" not in argv:
        return "", "", ""
    kind = (option(argv, "--repo-type") or ["model"])[0]
    folder = (option(argv, "--local-dir") or [""])[0]
    words, skip = [], False
    for word in argv[argv.index("download") + 1 :]:
        if not skip and not word.startswith("-"):
            words.append(word)
        skip = word in _TAKING
    files = [*words[1:], *option(argv, "--include")]
    if kind == "model" and files and not any(_may_be_weights(file) for file in files):
        kind = "side-files"
    return words[0] if words else "", kind, folder


def _may_be_weights(file: str) -> bool:
    return not file.endswith((".json", ".txt", ".jinja", ".model", ".md"))


def option(argv: tuple[str, ...], *flags: str) -> list[str]:
    """The words after some options, and those after their ``=``."""
    found = []
    for place, word in enumerate(argv):
        if word in flags and place + 1 < len(argv):
            found.append(argv[place + 1])
        flag, equals, value = word.partition("=")
        if equals and flag in flags:
            found.append(value)
    return found


def pieces(argv: tuple[str, ...]) -> list[str]:
    """The files that ``split`` makes, as a pattern."""
    words = [
        word
        for before, word in pairwise(argv)
        if (not word.startswith("-") or word == "-") and before not in _SPLIT_TAKES
    ]
    prefix = words[1] if len(words) > 1 else "x"
    suffix = (option(argv, "--additional-suffix") or [""])[0]
    return [f"{prefix}*{suffix}"]


def archive(argv: tuple[str, ...]) -> str:
    """The archive that ``tar`` makes or takes apart; empty where it goes through a pipe."""
    named = option(argv, "-f", "--file")
    bundled = [after for flag, after in pairwise(argv) if flag[:1] == "-" and flag.endswith("f")]
    if len(argv) > 2 and argv[1][:1] != "-" and argv[1].endswith("f"):
        bundled.append(argv[2])
    return next((name for name in (*named, *bundled) if name != "-"), "")


def imported(command: Command) -> list[tuple[str, str]]:
    """Files that ``sqlite3`` reads into a database, with it; what else it does is not known."""
    words = [word for word in command.argv[1:] if not word.startswith("-")]
    if command.name != "sqlite3" or not words:
        return []
    told = "\n".join((*words[1:], command.stdin or ""))
    return [(file.strip("'\""), words[0]) for file in _IMPORT.findall(told)]


def names_no_data(command: Command) -> bool:
    """Whether an unknown command is handed no data: ``nvitop -1``, ``glow README.md``.

    It has to be installed, so that it is no program of the agent's, and by its name no trainer.
    """
    alone = not command.sources and not any(r.op.startswith("<") for r in command.redirects)
    if not alone or command.position or "/" in command.argv[0] or _TRAINS.search(command.name):
        return False
    return all(_PLAIN.fullmatch(word) or word.endswith(_SHOWN) for word in command.argv[1:])


def addresses(argv: tuple[str, ...]) -> list[str]:
    return [word for word in argv[1:] if "://" in word]


def is_file(word: str) -> bool:
    """Whether a word may be a file's name: no option, no program of a filter's."""
    if word.startswith("-") or not word or any(c in word for c in "{}()|;\n'\""):
        return False
    return "." in word or "/" in word or word.isidentifier()
