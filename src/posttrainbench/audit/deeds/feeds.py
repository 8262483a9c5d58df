"""What a command prints, where its words and its input alone tell: echo, printf, cat."""

from __future__ import annotations

import base64
import binascii
import re

from .escapes import ansi
from .installed import place_printed
from .listings import paths_printed
from .pythons import is_python
from .scope import LONGEST_WORD

_SILENT = frozenset({
    ":", "true", "false", "cd", "export", "mkdir", "rm", "rmdir", "touch", "chmod", "chown", "set",
    "unset", "sleep", "shift", "trap", "exit", "return", "break", "continue", "read", "ln", "mv",
    "cp", "wait", "test", "[", "shopt", "umask", "ulimit", "local", "declare",
})  # fmt: skip
_FORMAT = re.compile(r"%(?:%|[-+ #0]*\d*(?:\.\d+)?([sdibqcuxXofeEgG]))|%")
_ECHO = re.compile(r"-[neE]+")
_WHOLE = re.compile(r"-?\d{1,15}")
_PLAIN = re.compile(r"%[-+ 0]*\d{0,3}[di]")
_BLANKS = re.compile(r"\s+")


def printed(argv: tuple[str, ...], stdin: str | None, cwd: str = "") -> str | None:
    """The text that a command prints to its standard output; ``None`` where that is not told."""
    name, args = argv[0].rpartition("/")[2], list(argv[1:])
    if name == "echo":
        return _echo(args)
    if name == "printf":
        return _printf(args)
    if name in ("cat", "tee", "base64", "xxd"):
        return None if stdin is None else _passed(name, args, stdin)
    if name == "pwd":
        return f"{cwd or '$PWD'}\n"
    if name in ("which", "command", "type"):
        return _where(name, args)
    if name in ("ls", "find", "realpath", "readlink", "dirname", "basename"):
        return paths_printed(name, args)
    if name in ("head", "tail", "sort", "uniq"):
        return _of_one_line(args, stdin, first=name == "head")
    if is_python(name):
        return place_printed(argv[1:])
    return "" if name in _SILENT else None


def _where(name: str, args: list[str]) -> str | None:
    """A program is known by its own name, wherever it lies."""
    words = [arg for arg in args if not arg.startswith("-")]
    asks = name == "which" or any(arg in ("-v", "-p", "-P") for arg in args)
    return f"{words[0]}\n" if asks and len(words) == 1 else None


def _of_one_line(args: list[str], stdin: str | None, *, first: bool) -> str | None:
    """What is made of a single line: the same, whatever is asked; or the first of several."""
    files = [arg for arg in args if not arg.startswith(("-", "+")) and not arg.isdecimal()]
    if stdin is None or files or "c" in "".join(arg[1:2] for arg in args):
        return None
    if args in (["-1"], ["-n1"], ["-n", "1"]) and first:
        return stdin.partition("\n")[0] + "\n"
    return stdin if stdin.count("\n") <= 1 else None


def _passed(name: str, args: list[str], stdin: str) -> str | None:
    """What a command makes of its input."""
    options = [arg for arg in args if arg.startswith("-") and arg != "-"]
    files = [arg for arg in args if arg not in options and arg != "-"]
    if name == "tee":
        return stdin
    if files:
        return None
    if name == "cat":
        return None if options else stdin
    if name == "xxd":
        return _hex(stdin) if any("r" in one for one in options) else None
    wanted = any(
        one == "--decode" or (not one.startswith("--") and "d" in one.lower()) for one in options
    )
    return decoded(stdin) if wanted else None


def decoded(text: str) -> str | None:
    """Base64 as text; ``None`` for what is none, or no text."""
    try:
        return base64.b64decode(_BLANKS.sub("", text), validate=True).decode()
    except (binascii.Error, ValueError):
        return None


def _hex(text: str) -> str | None:
    try:
        return bytes.fromhex(text).decode()
    except ValueError:
        return None


def _echo(args: list[str]) -> str:
    end, escapes, place = "\n", False, 0
    while place < len(args) and _ECHO.fullmatch(args[place]):
        for sign in args[place][1:]:
            if sign == "n":
                end = ""
            else:
                escapes = sign == "e"
        place += 1
    text = " ".join(args[place:])
    return (ansi(text, octal_zero=True) if escapes else text) + end


def _printf(args: list[str]) -> str | None:
    if args and args[0] == "--":
        args = args[1:]
    if not args or args[0].startswith("-"):
        return None
    pattern, values = args[0], args[1:]
    pieces = [(hit.start(), hit.end(), hit[0], hit[1]) for hit in _FORMAT.finditer(pattern)]
    takes = sum(one[3] is not None for one in pieces)
    out: list[str] = []
    size, used = 0, 0
    while size <= LONGEST_WORD:
        position, begun = 0, len(out)
        for start, end, whole, letter in pieces:
            out.append(ansi(pattern[position:start]))
            position = end
            if letter is None:
                out.append("%" if whole == "%%" else whole)
                continue
            out.append(_formatted(whole, letter, values[used] if used < len(values) else ""))
            used += 1
        out.append(ansi(pattern[position:]))
        size += sum(map(len, out[begun:]))
        if used >= len(values) or not takes:
            return "".join(out)
    return None


def _formatted(whole: str, letter: str, value: str) -> str:
    if letter == "b":
        return ansi(value, octal_zero=True)
    if letter in "sqc":
        return value[:1] if letter == "c" else value
    if _WHOLE.fullmatch(value or "0") and _PLAIN.fullmatch(whole):
        return whole % int(value or "0")
    return value
