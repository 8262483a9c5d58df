"""Commands that only run another one: ``nohup``, ``timeout 5``, ``env X=1``, ``uv run``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Wrapper:
    values: str = ""
    """Options that take the next word, parted by blanks; single letters and long names."""
    words: int = 0
    """Words of its own before the command."""
    sub: tuple[str, ...] = ()
    """Its sub-commands that run a command; empty: it has none."""
    not_with: str = ""
    """Options with which it runs nothing."""


_RUN = ("run",)
_UV = (
    "with with-requirements with-editable p python project directory env-file extra group package "
    "index index-url extra-index-url cache-dir config-file"
)
_CONDA = "n p name prefix cwd"
_WRAPPERS: Mapping[str, _Wrapper] = {
    "nohup": _Wrapper(),
    "setsid": _Wrapper(),
    "timeout": _Wrapper("k s kill-after signal", 1),
    "gtimeout": _Wrapper("k s kill-after signal", 1),
    "nice": _Wrapper("n adjustment"),
    "ionice": _Wrapper("c n class classdata", not_with="p P u"),
    "chrt": _Wrapper("T P D", 1, not_with="p"),
    "taskset": _Wrapper("", 1, not_with="p"),
    "numactl": _Wrapper("N m C i p membind cpunodebind physcpubind interleave preferred"),
    "stdbuf": _Wrapper("i o e input output error"),
    "unbuffer": _Wrapper(),
    "sudo": _Wrapper("u g h p C D R T U user group host prompt chdir chroot", not_with="l v k e"),
    "doas": _Wrapper("u C"),
    "env": _Wrapper("u C unset chdir"),
    "time": _Wrapper("f o format output"),
    "exec": _Wrapper("a"),
    "command": _Wrapper(not_with="v V"),
    "builtin": _Wrapper(),
    "strace": _Wrapper("o e s a b E O S u P I X", not_with="p"),
    "ltrace": _Wrapper("o e s a l n u x", not_with="p"),
    "perf": _Wrapper("o e F c output event", sub=("record", "stat")),
    "nsys": _Wrapper("o t w output trace", sub=("profile",)),
    "ncu": _Wrapper("o k s c"),
    "py-spy": _Wrapper("o r d f", sub=("record", "top"), not_with="p"),
    "xvfb-run": _Wrapper("n e f s w"),
    "flock": _Wrapper("w E timeout conflict-exit-code", 1),
    "chroot": _Wrapper("", 1),
    "unshare": _Wrapper("S G R w setuid setgid root wd"),
    "nsenter": _Wrapper("t S G target"),
    "setpriv": _Wrapper("reuid regid groups"),
    "systemd-run": _Wrapper("p u E d unit property setenv working-directory slice"),
    "firejail": _Wrapper(),
    "proxychains": _Wrapper("f"),
    "proxychains4": _Wrapper("f"),
    "busybox": _Wrapper(),
    "coproc": _Wrapper(),
    "chronic": _Wrapper(),
    "caffeinate": _Wrapper("t w"),
    "eatmydata": _Wrapper(),
    "trickle": _Wrapper("d u w t l n"),
    "proot": _Wrapper("r b w k q R S"),
    "tsp": _Wrapper("L N D W", not_with="l k c t r w i s u C K S h V"),
    "uvx": _Wrapper("from with with-editable with-requirements p python index index-url"),
    "pueue": _Wrapper("g group w working-directory l label a after p priority", sub=("add",)),
    "dotenv": _Wrapper("f file e", sub=_RUN),
    "doppler": _Wrapper("p project c config", sub=_RUN),
    "infisical": _Wrapper("env path", sub=_RUN),
    "op": _Wrapper("env-file account", sub=_RUN),
    "direnv": _Wrapper("", 1, sub=("exec",)),
    "apptainer": _Wrapper("B bind env env-file H home W workdir pwd", 1, sub=("exec",)),
    "singularity": _Wrapper("B bind env env-file H home W workdir pwd", 1, sub=("exec",)),
    "srun": _Wrapper("n N c p A J o e t w G gres partition account job-name output time nodes"),
    "mpirun": _Wrapper("n np H x hostfile host"),
    "mpiexec": _Wrapper("n np H x hostfile host"),
    "horovodrun": _Wrapper("np H"),
    "uv": _Wrapper(_UV, sub=_RUN),
    "poetry": _Wrapper("C directory", sub=_RUN),
    "pipenv": _Wrapper(sub=_RUN),
    "pdm": _Wrapper("p project", sub=_RUN),
    "rye": _Wrapper(sub=_RUN),
    "hatch": _Wrapper("e env", sub=_RUN),
    "pixi": _Wrapper("e environment manifest-path", sub=_RUN),
    "conda": _Wrapper(_CONDA, sub=_RUN),
    "mamba": _Wrapper(_CONDA, sub=_RUN),
    "micromamba": _Wrapper(_CONDA, sub=_RUN),
}
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_DEEPEST = 12


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """What was inside."""

    argv: tuple[str, ...]
    names: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    cwd: str = ""
    """Where ``env -C`` or ``uv run --directory`` goes first."""


def unwrapped(argv: tuple[str, ...]) -> Unwrapped:
    """The command that is run in the end; ``argv`` as it is where nothing wraps it."""
    names: list[str] = []
    env: list[tuple[str, str]] = []
    cwd = ""
    for _ in range(_DEEPEST):
        name = argv[0].rpartition("/")[2] if argv else ""
        wrapper = _WRAPPERS.get(name)
        inner = _inner(name, wrapper, argv[1:]) if wrapper is not None else None
        if inner is None:
            break
        argv, cwd = inner.argv, inner.cwd or cwd
        names += inner.names
        env += inner.env
    return Unwrapped(argv, tuple(names), tuple(env), cwd)


def _inner(name: str, wrapper: _Wrapper, args: tuple[str, ...]) -> Unwrapped | None:
    """One wrapper taken off; ``None`` where it runs nothing."""
    rest, folder, title = list(args), "", name
    values, refused = set(wrapper.values.split()), set(wrapper.not_with.split())
    if wrapper.sub:
        while rest and rest[0].startswith("-"):
            rest = rest[2:] if _takes(rest[0], values) else rest[1:]
        if not rest or rest[0] not in wrapper.sub:
            return None
        title = f"{name} {rest.pop(0)}"
    env: list[tuple[str, str]] = []
    left = wrapper.words
    while rest:
        word = rest[0]
        if word.startswith("-") and len(word) > 1:
            if word.lstrip("-") in refused:
                return None
            if name == "env" and word in ("-S", "--split-string") and len(rest) > 1:
                rest[:2] = rest[1].split()
                continue
            if name == "flock" and word in ("-c", "--command") and len(rest) > 1:
                rest = ["sh", "-c", rest[1]]
                break
            if name == "uv" and word in ("-m", "--module"):
                rest.insert(0, "python")
                break
            if word in ("-C", "--chdir", "--directory", "--cwd") and len(rest) > 1:
                folder = rest[1]
            rest = rest[2:] if _takes(word, values) else rest[1:]
        elif name in ("env", "sudo", "doas") and (found := _ASSIGNMENT.fullmatch(word)):
            env.append((found[1], found[2]))
            rest.pop(0)
        elif left:
            left -= 1
            rest.pop(0)
        else:
            break
    return Unwrapped(tuple(rest), (title,), tuple(env), folder) if rest else None


def _takes(option: str, values: set[str]) -> bool:
    """Whether an option takes the next word."""
    if option.startswith("--"):
        return "=" not in option and option[2:] in values
    return option[1:] in values
