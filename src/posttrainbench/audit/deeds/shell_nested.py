"""Commands that a command runs in turn: texts for another shell, and lists of words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .command import Command
from .listings import paths_printed

SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ksh", "ash", "rbash"})
_MOST_CALLS = 16
_MOST_WORDS = 1000
_EXECS = ("-exec", "-execdir", "-ok", "-okdir")
_XARGS = "n P I L s d E a max-args max-procs replace max-lines max-chars delimiter arg-file"
_SSH = "b c D E e F I i J L l m O o p Q R S W w B"
_PARALLEL = "j jobs a arg-file S sshlogin colsep delay results joblog"
_DOCKER = "v e w u p m name volume env workdir user publish gpus network entrypoint"
_TMUX_KEYS = ("Enter", "C-m", "C-c", "C-d", "C-j")
_TMUX_RUNS = (
    "new-session", "new", "new-window", "neww", "split-window", "splitw", "respawn-pane",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Text:
    """Shell text that a command hands on."""

    what: str
    text: str
    args: tuple[str, ...] | None = None
    here: bool = False
    """Whether it runs in the very same shell."""


@dataclass(frozen=True, slots=True)
class Call:
    """Words of a command that a command runs."""

    what: str
    argv: tuple[str, ...]


def nested(command: Command) -> Iterator[Text | Call]:
    """What a command runs in turn."""
    name, args = command.name, command.argv[1:]
    if name in SHELLS:
        yield from _shell(name, args, command.stdin)
    elif name == "eval":
        yield Text("eval", " ".join(args), here=True)
    elif name == "xargs":
        yield from _xargs(args, command.stdin)
    elif name == "find":
        yield from _find(args)
    elif name in ("ssh", "docker", "podman"):
        yield from _remote(name, args)
    elif name in ("watch", "su", "script", "trap", "at", "batch"):
        yield from _plain(name, args, command.stdin)
    elif name in ("tmux", "screen"):
        yield from _terminal(name, args)
    elif name == "parallel":
        yield from _parallel(args, command.stdin)


def skipped(args: tuple[str, ...], values: str, *, clusters: bool = False) -> tuple[str, ...]:
    """Without the options at the beginning; ``values`` names those that take the next word.

    Args:
        clusters: whether letters are written together, ``-dmS name``.
    """
    takes = set(values.split())
    place = 0
    while place < len(args) and args[place].startswith("-") and len(args[place]) > 1:
        option = args[place]
        place += 1
        if option == "--":
            break
        long = option.startswith("--")
        place += (option[2:] if long else option[-1] if clusters else option[1:]) in takes
    return args[place:]


def _shell(name: str, args: tuple[str, ...], stdin: str | None) -> Iterator[Text]:
    place, from_stdin = 0, False
    while place < len(args) and args[place][:1] in ("-", "+") and len(args[place]) > 1:
        option = args[place]
        place += 1
        if option == "--":
            break
        letters = option[1:] if option[0] == "-" and not option.startswith("--") else ""
        if "c" in letters:
            while place < len(args) and args[place][:1] == "-" and args[place][1:].isalpha():
                place += 1
            if place < len(args):
                yield Text(f"{name} -c", args[place], args[place + 2 :])
            return
        from_stdin = from_stdin or "s" in letters
        place += letters in ("o", "O") or option in ("+o", "+O", "--rcfile", "--init-file")
    rest = args[place:]
    if stdin is None or (rest and not from_stdin and rest[0] not in ("-", "/dev/stdin")):
        return
    yield Text(f"{name} <", stdin, rest if from_stdin else rest[1:])


def _xargs(args: tuple[str, ...], stdin: str | None) -> Iterator[Call]:
    place, mark, single = 0, "", False
    takes = set(_XARGS.split())
    while place < len(args) and args[place].startswith("-") and len(args[place]) > 1:
        option = args[place]
        place += 1
        if option == "--":
            break
        long = option.startswith("--")
        key, value = (option[2:], "") if long else (option[1:2], option[2:])
        if long and "=" in key:
            key, value = key.split("=", 1)
        elif not value and key in takes and place < len(args):
            value = args[place]
            place += 1
        if key in ("I", "replace"):
            mark = value or "{}"
        elif key in ("n", "L", "max-args", "max-lines"):
            single = value == "1"
    rest = args[place:]
    if not rest:
        return
    if stdin is None:
        yield Call("xargs", rest)
    elif mark:
        for line in stdin.splitlines()[:_MOST_CALLS]:
            yield Call("xargs", tuple(word.replace(mark, line.strip()) for word in rest))
    elif single:
        for word in stdin.split()[:_MOST_CALLS]:
            yield Call("xargs", (*rest, word))
    else:
        yield Call("xargs", (*rest, *stdin.split()[:_MOST_WORDS]))


def _find(args: tuple[str, ...]) -> Iterator[Call]:
    words: list[str] | None = None
    for word in args:
        if words is None:
            words = [] if word in _EXECS else None
        elif word in (";", "+"):
            if words:
                yield Call("find -exec", tuple(_with_found(words, args)))
            words = None
        else:
            words.append(word)


def _with_found(words: list[str], args: tuple[str, ...]) -> list[str]:
    """The words with what is found put in, where the words of ``find`` tell what that is."""
    tests = list(args[: next(n for n, word in enumerate(args) if word in _EXECS)])
    found = (paths_printed("find", tests) or "").split("\n")[:-1]
    if not found or len(found) * words.count("{}") > _MOST_WORDS:
        return words
    return [part for word in words for part in (found if word == "{}" else [word])]


def _remote(name: str, args: tuple[str, ...]) -> Iterator[Text | Call]:
    if name == "ssh":
        rest = skipped(args, _SSH)[1:]
        if rest:
            yield Text("ssh", " ".join(rest))
    elif args and args[0] in ("run", "exec"):
        rest = skipped(args[1:], _DOCKER)[1:]
        if rest:
            yield Call(f"{name} {args[0]}", rest)


def _plain(name: str, args: tuple[str, ...], stdin: str | None) -> Iterator[Text]:
    if name == "watch":
        yield Text("watch", " ".join(skipped(args, "n interval")))
    elif name == "trap":
        if args and not args[0].startswith("-"):
            yield Text("trap", args[0])
    elif name in ("at", "batch"):
        if stdin is not None:
            yield Text(name, stdin)
    else:
        for place, word in enumerate(args[:-1]):
            if word == "--command" or (word.startswith("-") and word.endswith("c")):
                yield Text(f"{name} -c", args[place + 1])
                return


def _terminal(name: str, args: tuple[str, ...]) -> Iterator[Text | Call]:
    """tmux and screen: one word is a text for a shell, several are the command itself."""
    if name == "screen":
        if "stuff" in args[:-1]:
            typed = args[args.index("stuff") + 1]
            yield Text("screen", typed.replace("\\n", "\n").replace("^M", "\n"))
            return
        rest = skipped(args, "S c h p s t T e", clusters=True)
        if rest and "-X" not in args:
            yield Call("screen", rest)
        return
    for place, word in enumerate(args):
        if word in _TMUX_RUNS:
            rest = skipped(args[place + 1 :], "s n t c x y e F l p", clusters=True)
            if len(rest) == 1:
                yield Text("tmux", rest[0])
            elif rest:
                yield Call("tmux", rest)
            return
        if word in ("send-keys", "send"):
            rest = skipped(args[place + 1 :], "t N")
            yield Text("tmux", " ".join(one for one in rest if one not in _TMUX_KEYS))
            return


def _parallel(args: tuple[str, ...], stdin: str | None) -> Iterator[Text]:
    rest = skipped(args, _PARALLEL)
    words: list[str] = []
    if ":::" in rest:
        place = rest.index(":::")
        rest, words = rest[:place], [word for word in rest[place + 1 :] if word != ":::"]
    elif stdin is not None:
        words = stdin.splitlines()
    text = " ".join(rest)
    for word in words[:_MOST_CALLS]:
        yield Text("parallel", text.replace("{}", word) if "{}" in text else f"{text} {word}")
    if not words and text:
        yield Text("parallel", text)
