"""What shell commands do to files: redirects, tee, cp, mv, ln, rm, sed -i."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from . import Place
from .command import Command
from .ledger import Ledger, MoveKind
from .shell_nested import skipped
from .substitutions import sed_in_place, substituted

Name = Callable[[str], str]
"""Makes evidence's name of a path of a command."""

_NO_FILE = ("/dev/", "/proc/", "&")
_MOVES: dict[str, MoveKind] = {
    "mv": "move",
    "cp": "copy",
    "ln": "link",
    "install": "copy",
    "rsync": "copy",
}
_VALUES = {
    "install": ("-m", "-o", "-g", "-S", "--mode", "--owner", "--group"),
    "rsync": ("-e", "-f", "--exclude", "--include", "--filter", "--rsh", "--max-size", "--bwlimit"),
}
_TO_FOLDER = "-t", "--target-directory"
_OUTPUT_OPTIONS = {
    "wget": ("-O", "--output-document"),
    "curl": ("-o", "--output"),
    "sort": ("-o", "--output"),
}


def do(command: Command, place: Place, ledger: Ledger, name: Name) -> None:
    """Enter into a ledger what a command does to files."""
    for sign in command.redirects:
        if not sign.writes or sign.target.startswith(_NO_FILE) or not sign.target:
            continue
        text = command.stdout if sign.takes_stdout else None
        write = ledger.append if sign.op.endswith(">>") else ledger.write
        write(name(sign.target), place, text, whole=command.literal)
    if not command.argv:
        return
    what, args = command.name, command.argv[1:]
    if what == "tee":
        append = any(arg in ("-a", "--append") for arg in args)
        for path in _plain(args):
            if not path.startswith(_NO_FILE):
                write = ledger.append if append else ledger.write
                write(name(path), place, command.stdin, whole=command.literal)
    elif what in _MOVES:
        _move(what, args, place, ledger, name)
    elif what in ("rm", "unlink", "shred") or (what == "git" and args[:1] == ("rm",)):
        for path in _plain(args[what == "git" :]):
            ledger.delete(name(path), place)
    elif what == "sed":
        changed = sed_in_place(args)
        for path in changed[1] if changed else ():
            scripts = changed[0] if changed else []
            for one in ledger.below(ledger.real(name(path))) or [name(path)]:
                ledger.change(one, place, partial(substituted, scripts=scripts))
    else:
        _unknown(what, args, place, ledger, name)


def _unknown(what: str, args: tuple[str, ...], place: Place, ledger: Ledger, name: Name) -> None:
    """Files that get a text which the trace does not tell."""
    paths: list[str] = []
    if what == "perl" and any(arg.startswith("-") and "i" in arg for arg in args):
        paths = [path for path in _plain(args) if ledger.real(name(path)) in ledger.now]
    elif what == "truncate":
        for path in _plain(skipped(args, "s size r reference")):
            ledger.write(name(path), place, "" if "0" in args or "-s0" in args else None)
    elif what == "dd":
        paths = [arg[3:] for arg in args if arg.startswith("of=")]
        come = [arg[3:] for arg in args if arg.startswith("if=")]
        if len(paths) == len(come) == 1 and ledger.real(name(come[0])) in ledger.now:
            ledger.move("copy", name(come[0]), name(paths[0]), place, into=False)
            return
    elif what in _OUTPUT_OPTIONS:
        paths = [args[at + 1] for at, arg in enumerate(args[:-1]) if arg in _OUTPUT_OPTIONS[what]]
        named = what == "wget" or "-O" in args or "--remote-name" in args
        if named and not paths:
            paths = [last for arg in args if (last := _last_of_address(arg))]
    elif what == "git" and args[:1] in (("checkout",), ("restore",), ("apply",), ("stash",)):
        paths = [path for path in _plain(args[1:]) if ledger.real(name(path)) in ledger.now]
    for path in paths:
        if not path.startswith(_NO_FILE) and path != "-":
            ledger.write(name(path), place, None)


def _move(what: str, args: tuple[str, ...], place: Place, ledger: Ledger, name: Name) -> None:
    folder = ""
    words: list[str] = []
    at = 0
    options = ""
    while at < len(args):
        arg = args[at]
        at += 1
        if arg in _TO_FOLDER and at < len(args):
            folder = args[at]
            at += 1
        elif arg.startswith("--target-directory="):
            folder = arg.partition("=")[2]
        elif arg.startswith("-") and len(arg) > 1:
            options += arg
            at += arg in _VALUES.get(what, ())
        else:
            words.append(arg)
    if what == "install" and "d" in options:
        return
    if not folder and len(words) == 1 and what == "ln":
        words.append(".")
    if not folder and len(words) < 2:
        return
    target = folder or words.pop()
    into = bool(folder) or len(words) > 1 or target.rstrip("/") != target or target in (".", "..")
    kind = _MOVES[what]
    for source in words[:1000]:
        # rsync's "folder/" is what is in it.
        inside = what == "rsync" and source.endswith("/")
        whole = name(source)
        if kind == "link" and not source.startswith(("/", "~", "$")) and "s" in options:
            whole = name(f"{target if into else target + '/..'}/{source}")
        sources = ledger.below(ledger.real(whole)) if _pattern(whole) else [whole]
        for one in sources or [whole]:
            ledger.move(
                kind, one, name(target), place, into=(into or len(sources) > 1) and not inside
            )


def _last_of_address(arg: str) -> str:
    """The name under which a file from an address is kept."""
    if "://" not in arg:
        return ""
    return arg.partition("://")[2].partition("?")[0].rpartition("/")[2]


def _pattern(path: str) -> bool:
    return any(sign in path for sign in "*?[")


def _plain(args: tuple[str, ...]) -> list[str]:
    """Words that are no options."""
    return [arg for arg in args if not arg.startswith("-")][:10_000]
