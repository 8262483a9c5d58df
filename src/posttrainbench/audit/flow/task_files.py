"""What ``make train`` and ``npm run train`` run: the recipes of Makefile, justfile, package.json.

A tool that runs what a file says starts programs that no command of the agent's names.  Where the
file can be read, what it runs is shell like any other.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ..code.lib_documents import parse_json, parse_yaml
from ..deeds.command import Command

TextOf = Callable[[str, str], str | None]

_MAKES = ("make", "gmake", "bmake", "mmake")
_NODES = ("npm", "pnpm", "yarn", "bun")
_NODE_RUNS = ("run", "run-script", "start", "test", "t", "exec", "x", "restart")
_YAML = {
    "task": ("Taskfile.yml", "Taskfile.yaml"), "dvc": ("dvc.yaml",),
    "docker-compose": ("docker-compose.yml", "compose.yaml"),
    "process-compose": ("process-compose.yaml",), "tmuxp": (".tmuxp.yaml",),
    "pre-commit": (".pre-commit-config.yaml",),
}  # fmt: skip
_YAML_RUNS = {"dvc": ("repro", "exp"), "pre-commit": ("run",), "docker-compose": ("up", "run")}
_KEYS = frozenset({
    "cmd", "cmds", "command", "commands", "run", "script", "scripts", "entry", "entrypoint", "exec",
    "args", "shell", "program", "shell_command",
})  # fmt: skip
_OTHERS = {
    "tox": ("tox.ini", "pyproject.toml", "setup.cfg"), "nox": ("noxfile.py",),
    "invoke": ("tasks.py",), "inv": ("tasks.py",), "fab": ("fabfile.py",), "doit": ("dodo.py",),
    "snakemake": ("Snakefile", "workflow/Snakefile"), "rake": ("Rakefile",),
    "poe": ("pyproject.toml",), "hatch": ("pyproject.toml",), "pdm": ("pyproject.toml",),
    "pixi": ("pixi.toml", "pyproject.toml"), "mise": ("mise.toml", ".mise.toml"),
    "supervisord": ("supervisord.conf",), "supervisorctl": ("supervisord.conf",),
    "honcho": ("Procfile",), "foreman": ("Procfile",), "pm2": ("ecosystem.config.js",),
    "circusd": ("circus.ini",), "ninja": ("build.ninja",), "bazel": ("BUILD",),
    "scons": ("SConstruct",), "waf": ("wscript",), "nextflow": ("main.nf",),
}  # fmt: skip
_SILENT = {
    "hatch": ("build", "version", "new", "env"), "pdm": ("install", "add", "lock", "sync", "init"),
    "pixi": ("install", "add", "init", "shell"), "mise": ("install", "use", "trust"),
    "pm2": ("logs", "ls", "list", "status", "stop"),
}  # fmt: skip
_FILES = ("-f", "--file", "--makefile", "--justfile", "-s", "--snakefile", "-c", "--conf")
_FOLDERS = ("-C", "--directory", "--prefix", "--working-directory", "-d")
_SET = re.compile(r"(?:export\s+|override\s+)?([A-Za-z_]\w*)\s*(?:::?|\?|\+|!)?=\s*(.*)")
_USE = re.compile(r"\$(?:\(([^()$]+)\)|\{([^{}$]+)\}|([@<^*]))")
_HARD = re.compile(r"\$[({](?:call|eval|foreach|file|value|guile)\s|^[ \t]*-?s?include\s", re.M)
_PARTS = re.compile(r"(?:ifn?eq|ifn?def|else|endif|define|endef|vpath|unexport|undefine)\b")
_MOST = 500
_MOST_HEADS = 20
_LONGEST = 4000
_DEEPEST = 20


@dataclass(frozen=True)
class Task:
    """What a task's file makes of a command."""

    told: bool
    """Whether the file was found."""
    shell: tuple[str, ...] = ()
    """What runs, as shell texts that each run for themselves."""
    text: str = ""
    """Text that may run, in ways that are not followed."""
    file: str = ""
    """The file, as the command names it."""
    folder: str = ""


def task_of(command: Command, text_of: TextOf) -> Task | None:
    """The task that a command runs; ``None`` for a command that runs none."""
    name, args = command.name, command.argv[1:]
    folder = posixpath.join(command.cwd, _after(args, _FOLDERS))
    named = _after(args, _FILES)
    words = _words(args)
    if name in _MAKES or name == "just":
        if any(arg in ("--version", "-v", "-n", "--dry-run", "--help", "--list") for arg in args):
            return None
        usual = ("justfile", "Justfile", ".justfile") if name == "just" else (
            "GNUmakefile", "makefile", "Makefile",
        )  # fmt: skip
        text, file = _found((named,) if named else usual, folder, text_of)
        return _recipes(text, file, folder, words, dict(command.env)) if file else Task(False)
    if name in _NODES:
        if not words or words[0] not in _NODE_RUNS:
            return None
        text, file = _found(("package.json",), folder, text_of)
        return _script(text, file, folder, words) if file else Task(False)
    if name in _YAML:
        runs = _YAML_RUNS.get(name, ())
        if runs and not set(runs).intersection(words):
            return None
        text, file = _found((named,) if named else _YAML[name], folder, text_of)
        if not file:
            return Task(False)
        return Task(True, tuple(_commands_in(parse_yaml(text))), text, file, folder)
    if name in _OTHERS:
        if words and words[0] in _SILENT.get(name, ()):
            return None
        text, file = _found((*((named,) if named else ()), *_OTHERS[name]), folder, text_of)
        return Task(bool(file), (), text, file, folder)
    return None


def _found(names: tuple[str, ...], folder: str, text_of: TextOf) -> tuple[str, str]:
    for name in names:
        text = text_of(name, folder)
        if text is not None:
            return text, name
    return "", ""


def _after(args: tuple[str, ...], options: tuple[str, ...]) -> str:
    for place, arg in enumerate(args):
        if arg in options and place + 1 < len(args):
            return args[place + 1]
        flag, equals, value = arg.partition("=")
        if equals and flag in options:
            return value
    return ""


def _words(args: tuple[str, ...]) -> list[str]:
    """Words that are no options, and no option's value."""
    taking = {*_FILES, *_FOLDERS}
    return [
        arg
        for place, arg in enumerate(args)
        if not arg.startswith("-") and not (place and args[place - 1] in taking)
    ]


# package.json


def _script(text: str, file: str, folder: str, words: list[str]) -> Task:
    document = parse_json(text)
    scripts = document.get("scripts") if isinstance(document, dict) else None
    if not isinstance(scripts, dict):
        return Task(True, (), text, file, folder)
    plain = words[0] not in ("run", "run-script", "exec", "x")
    name = words[0] if plain else words[1] if len(words) > 1 else ""
    name = "test" if plain and name == "t" else name
    if words[0] in ("exec", "x"):
        return Task(True, (" ".join(words[1:]),), "", file, folder)
    found = [scripts.get(one) for one in (f"pre{name}", name, f"post{name}")]
    return Task(True, tuple(one for one in found if isinstance(one, str)), "", file, folder)


# YAML


def _commands_in(document: Any) -> Iterator[str]:
    """Texts under keys that say that they are run."""
    pending: list[tuple[bool, Any]] = [(False, document)]
    for _ in range(5000):
        if not pending:
            return
        runs, node = pending.pop()
        if isinstance(node, dict):
            pending += [(runs or key in _KEYS, value) for key, value in node.items()]
        elif isinstance(node, list):
            if runs and all(isinstance(one, str) and " " not in one for one in node):
                yield " ".join(node)
            else:
                pending += [(runs, one) for one in node]
        elif runs and isinstance(node, str):
            yield node


# Makefile and justfile


@dataclass(slots=True)
class _Rule:
    needs: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


def _recipes(text: str, file: str, folder: str, words: list[str], env: dict[str, str]) -> Task:
    rules, values = _rules(text)
    given = dict(word.split("=", 1) for word in words if "=" in word)
    goals = [word for word in words if "=" not in word]
    names = env | values | given
    if not goals:
        goals = [one for one in rules if not one.startswith(".") and "%" not in one][:1]
    known = all(goal in rules for goal in (goals[:1] if "just" in file.lower() else goals))
    lines: list[str] = []
    seen: set[str] = set()
    waiting = list(goals) if known else list(rules)
    while waiting and len(seen) < _MOST:
        goal = waiting.pop(0)
        if goal in seen or goal not in rules:
            continue
        seen.add(goal)
        needs = [_filled(need, names) for need in rules[goal].needs]
        waiting += [word for need in needs for word in need.split()]
        own = names | {"@": goal, "<": needs[0] if needs else "", "^": " ".join(needs)}
        lines += [_filled(line, own).lstrip("@-+ \t") for line in rules[goal].lines]
    hard = bool(_HARD.search(text)) or not known or not seen or any("%" in one for one in rules)
    shell = ("\n".join(lines),) if ".ONESHELL" in rules else tuple(lines[:_MOST])
    return Task(True, shell, text if hard else "", file, folder)


@lru_cache(maxsize=16)
def _rules(text: str) -> tuple[dict[str, _Rule], dict[str, str]]:
    rules: dict[str, _Rule] = {}
    values: dict[str, str] = {}
    now: list[_Rule] = []
    for line in re.sub(r"\\\n[ \t]*", " ", text.replace("\r", "")).split("\n"):
        if now and line[:1] in ("\t", " ") and line.strip():
            for rule in now:
                if len(rule.lines) < _MOST:
                    rule.lines.append(line.strip()[:_LONGEST])
            continue
        plain = line.split(" #")[0].rstrip()
        if not plain or plain.startswith("#") or _PARTS.match(plain.lstrip()):
            continue
        if found := _SET.fullmatch(plain.strip()):
            before = f"{values[found[1]]} " if "+=" in plain and found[1] in values else ""
            values[found[1]] = (before + found[2].strip())[:_LONGEST]
            now = []
        elif ":" in plain and len(rules) < _MOST:
            heads, _, rest = plain.partition(":")
            needs, _, first = rest.lstrip(":").partition(";")
            now = [rules.setdefault(head, _Rule()) for head in heads.split()[:_MOST_HEADS]]
            for rule in now:
                rule.needs += needs.replace("|", " ").split()[:_MOST]
                rule.lines += [first.strip()] if first else []
    return rules, values


def _filled(text: str, values: dict[str, str]) -> str:
    """With its variables put in, as far as they are known; ``$$`` is the shell's ``$``."""

    def value(found: re.Match[str]) -> str:
        name = (found[1] or found[2] or found[3]).strip()
        if name.startswith("shell "):
            return f"\x01({name[6:]})"
        if name == "MAKE":
            return "make"
        return values.get(name, f"\x01{{{name}}}" if name.isidentifier() else "")

    text = re.sub(r"\{\{\s*(\w+)\s*\}\}", r"$(\1)", text[:_LONGEST])
    text = text.replace("$$", "\x01")
    for _ in range(_DEEPEST):
        fresh = _USE.sub(value, text)
        if fresh == text or len(fresh) > 100_000:
            break
        text = fresh
    return text.replace("\x01", "$")


def files_of(command: Command) -> frozenset[str]:
    """The usual names of the files by which a tool runs things."""
    name = command.name
    if name in _MAKES:
        return frozenset({"GNUmakefile", "makefile", "Makefile"})
    if name == "just":
        return frozenset({"justfile", "Justfile", ".justfile"})
    if name in _NODES:
        return frozenset({"package.json"})
    return frozenset(posixpath.basename(one) for one in (_YAML | _OTHERS).get(name, ()))
