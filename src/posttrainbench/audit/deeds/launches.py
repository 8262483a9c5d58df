"""What a command starts: a program in a file, a module by name, or code on its command line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from . import Language
from .command import Command
from .pouring import file_within
from .pythons import is_python
from .shell_nested import SHELLS

_RUNNERS = frozenset({
    "torchrun", "deepspeed", "streamlit", "kernprof", "pytest", "py.test", "marimo", "fastapi",
    "torchx", "composer", "colossalai", "viztracer", "scalene", "memray", "pudb", "ipdb3",
    "accelerate-launch", "debugpy", "horovodrun", "spark-submit",
})  # fmt: skip
"""Programs that start the first Python file among their words."""
_SUB_RUNNERS = {"accelerate": ("launch",), "coverage": ("run",), "ray": ("job",)}
_MODULE_RUNNERS = frozenset({
    "torch.distributed.run", "torch.distributed.launch", "accelerate.commands.launch", "pdb",
    "cProfile", "profile", "trace", "coverage", "deepspeed", "deepspeed.launcher.runner", "ipdb",
    "debugpy", "kernprof", "line_profiler", "memory_profiler", "pytest", "torchrun", "accelerate",
    "runpy", "IPython", "scalene", "viztracer", "py_compile", "streamlit",
})  # fmt: skip
"""Modules that run the program among the words behind them."""
_NOTEBOOKS = ("papermill", "jupyter", "jupyter-nbconvert", "jupyter-execute", "runipy")
_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_RUN_MAGIC = re.compile(r"\s*%?run\s+(?:-\w\s+)*(\S+\.(?:py|ipynb))([^\n;]*)")
"""IPython's way of running a file."""
_PROGRAM = (".py", ".pyw", ".ipynb", ".sh", ".bash")


@dataclass(frozen=True, slots=True)
class Launch:
    """One program that a command starts."""

    kind: Literal["file", "module", "text"]
    value: str
    """Path as the command names it, dotted name, or the code itself."""
    language: Language | None
    """``None`` where only the file itself tells."""
    args: tuple[str, ...] = ()


def launched(command: Command) -> Iterator[Launch]:
    """What a command starts; nothing for most commands."""
    if not command.argv:
        return
    name, args = command.name, command.argv[1:]
    if is_python(name):
        yield from _python(args, command)
    elif name in SHELLS:
        yield from _shell(args, command)
    elif name in ("source", "."):
        if args:
            yield Launch("file", args[0], "shell", args[1:])
    elif name in _RUNNERS or (args and args[0] in _SUB_RUNNERS.get(name, ())):
        yield from _runner(args)
    elif name in _NOTEBOOKS:
        running = name in ("papermill", "runipy") or any("execute" in arg for arg in command.argv)
        for arg in args if running else ():
            if arg.endswith(".ipynb"):
                yield Launch("file", arg, "python")
                break
    elif "/" in command.argv[0] or command.argv[0].endswith(_PROGRAM):
        yield Launch("file", command.argv[0], None, args)


def _python(args: tuple[str, ...], command: Command) -> Iterator[Launch]:
    place = 0
    while place < len(args) and args[place].startswith("-") and args[place] != "-":
        option = args[place]
        place += 1
        if option == "--":
            break
        if option.startswith("--"):
            place += option == "--check-hash-based-pycs"
            continue
        for at, letter in enumerate(option[1:], start=2):
            rest = option[at:]
            if letter in "cm":
                value = rest or (args[place] if place < len(args) else "")
                after = args[place + (not rest) :]
                yield from _code(letter, value, after)
                return
            if letter in "WXQ":
                place += not rest
                break
    rest_of = args[place:]
    if rest_of and (inner := file_within(rest_of[0])):
        yield Launch("file", inner, "python", rest_of[1:])
    elif rest_of and rest_of[0] not in ("-", "/dev/stdin"):
        yield Launch("file", rest_of[0], "python", rest_of[1:])
    elif command.stdin is not None:
        yield Launch("text", command.stdin, "python", rest_of[1:])
    else:
        for source in command.sources:
            yield Launch("file", source, "python", rest_of[1:])


def _code(letter: str, value: str, after: tuple[str, ...]) -> Iterator[Launch]:
    if letter == "c":
        magic = _RUN_MAGIC.match(value)
        if magic:
            yield Launch("file", magic[1], "python", tuple(magic[2].split()))
        elif inner := file_within(value):
            yield Launch("file", inner, "python", after)
        elif value:
            yield Launch("text", value, "python", after)
    elif value in _MODULE_RUNNERS:
        yield from _runner(after)
    elif _MODULE.fullmatch(value):
        yield Launch("module", value, "python", after)


def _shell(args: tuple[str, ...], command: Command) -> Iterator[Launch]:
    """Files only: texts for a shell are commands of their own already."""
    place = 0
    while place < len(args) and args[place][:1] in ("-", "+") and len(args[place]) > 1:
        option = args[place]
        place += 1
        if option == "--":
            break
        letters = "" if option.startswith("--") else option[1:]
        if option[0] == "-" and ("c" in letters or "s" in letters):
            return
        place += letters in ("o", "O") or option in ("--rcfile", "--init-file")
    rest = args[place:]
    if rest and rest[0] not in ("-", "/dev/stdin"):
        yield Launch("file", rest[0], "shell", rest[1:])
    elif command.stdin is None:
        for source in command.sources:
            yield Launch("file", source, "shell", rest[1:])


def _runner(args: tuple[str, ...]) -> Iterator[Launch]:
    """The first program among words that may be options of the runner."""
    for place, arg in enumerate(args):
        if arg in ("-m", "--module") and place + 1 < len(args):
            yield Launch("module", args[place + 1], "python", args[place + 2 :])
            return
        name = arg.partition("::")[0]  # a test of pytest
        if name.endswith((".py", ".pyw", ".ipynb")) and not arg.startswith("-"):
            yield Launch("file", name, "python", args[place + 1 :])
            return
