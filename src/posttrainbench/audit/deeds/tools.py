"""Tool calls of all CLIs as deeds: by the tool's name where we know it, else by its arguments."""

from __future__ import annotations

import json
import posixpath
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from . import Deed, DeedKind, Place
from .patches import BEGIN, changes_of
from .shell import commands
from .shell_nested import SHELLS

LONGEST = 2_000_000
"""Characters of one text that are kept."""
_SHELLS = frozenset({
    "bash", "shell", "sh", "zsh", "terminal", "local_shell", "container.exec", "command_execution",
    "exec_command", "run_shell_command", "execute_command", "run_command", "execute_bash",
    "monitor",
})  # fmt: skip
_WRITES = frozenset({"write", "write_file", "create_file", "save_file"})
_EDITS = frozenset({
    "edit", "multiedit", "replace", "str_replace", "notebookedit", "edit_file", "patch",
    "str_replace_editor", "str_replace_based_edit_tool", "apply_patch",
})  # fmt: skip
_READS = frozenset({
    "read", "read_file", "read_many_files", "list_directory", "ls", "list", "glob", "grep", "view",
    "search_file_content", "grep_search", "notebookread",
})  # fmt: skip
_FETCHES = frozenset({"webfetch", "web_fetch", "fetch"})
_SEARCHES = frozenset({"websearch", "web_search", "google_web_search", "codesearch"})
_OTHERS = frozenset({
    "todowrite", "todo_list", "bashoutput", "killshell", "taskstop", "workflow", "skill",
})  # fmt: skip
SUB_AGENTS = frozenset({
    "task", "agent", "invoke_agent", "delegate_to_agent", "collab_spawn_agent",
})  # fmt: skip
"""Tools that start an agent of their own."""

_COMMAND = ("command", "cmd", "commands")
_PATH = ("file_path", "filePath", "path", "notebook_path", "absolute_path", "filename", "file")
_CONTENT = ("content", "contents", "file_text", "text", "new_source")
_OLD = ("old_string", "oldString", "old_str", "old_text")
_NEW = ("new_string", "newString", "new_str", "new_text", "new_source", "insert_text")
_FOLDER = ("cwd", "workdir", "working_directory", "directory", "dir_path")
_QUERY = ("query", "q", "pattern", "search_term")
_PATCH = ("patchText", "patch", "input")
_ALL = ("replace_all", "replaceAll", "allow_multiple")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool, as the trace tells it."""

    tool: str
    arguments: Mapping[str, Any]
    place: Place
    attempt: int
    cwd: str = ""
    """Where the session works, if told."""
    sub_agent: bool = False


def deeds_of_call(call: Call) -> list[Deed]:
    """What a call does; several deeds for several edits, and for a patch."""
    tool = call.tool.lower()
    for names, make in _BY_NAME:
        if tool in names:
            return list(make(call)) or [_other(call)]
    if tool == "file_change":
        return list(_file_changes(call)) or [_other(call)]
    if tool in _OTHERS or tool in SUB_AGENTS or tool.startswith("collab_"):
        return [_other(call)]
    return list(_by_arguments(call)) or [_other(call)]


def text_in(arguments: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    """The first of several arguments that is a text."""
    return next((arguments[name] for name in names if isinstance(arguments.get(name), str)), None)


def _deed(call: Call, kind: DeedKind, text: str = "", path: str | None = "") -> Deed:
    return Deed(
        place=call.place,
        attempt=call.attempt,
        kind=kind,
        text=text[:LONGEST],
        path=absolute(path or "", call.cwd),
        sub_agent=call.sub_agent,
    )


def absolute(path: str, cwd: str) -> str:
    """A path made absolute by the folder that it counts from, if that is known."""
    path = path[:4096]
    if not path or path.startswith(("/", "~")) or not cwd:
        return path
    return posixpath.normpath(posixpath.join(cwd, path))


def _other(call: Call) -> Deed:
    try:
        told = json.dumps(call.arguments, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        told = ""
    return _deed(call, "other", f"{call.tool[:200]} {told}")


def _shell(call: Call) -> Iterator[Deed]:
    given = next((call.arguments[name] for name in _COMMAND if name in call.arguments), None)
    if isinstance(given, list) and all(isinstance(word, str) for word in given):
        text = _unwrapped(given) or shlex.join(given)
    elif isinstance(given, str):
        text = given
        if call.tool == "command_execution":
            try:
                text = _unwrapped(shlex.split(given)) or given
            except ValueError:
                text = given
    else:
        return
    folder = text_in(call.arguments, _FOLDER)
    cwd = absolute(folder, call.cwd) if folder else call.cwd
    deed = replace(_deed(call, "shell", text), cwd=cwd)
    yield deed
    if BEGIN in text:
        for command in commands(deed.text, cwd).all:
            if command.name in ("apply_patch", "applypatch"):
                patch = command.stdin if len(command.argv) < 2 else command.argv[1]
                yield from _patched(replace(call, cwd=command.cwd), patch or "")


def _unwrapped(argv: list[str]) -> str | None:
    """The text of ``bash -lc TEXT``: how a CLI starts a command that its model gave."""
    if len(argv) != 3 or posixpath.basename(argv[0]) not in SHELLS:
        return None
    return argv[2] if argv[1].startswith("-") and argv[1].endswith("c") else None


def _write(call: Call) -> Iterator[Deed]:
    path, content = text_in(call.arguments, _PATH), text_in(call.arguments, _CONTENT)
    if path is not None:
        yield replace(_deed(call, "write", content or "", path), content_told=content is not None)


def _edit(call: Call) -> Iterator[Deed]:
    path, arguments = text_in(call.arguments, _PATH), call.arguments
    patch = text_in(arguments, _PATCH)
    if patch is not None and BEGIN in patch:
        yield from _patched(call, patch)
        return
    if path is None:
        return
    if arguments.get("command") == "view":
        yield _deed(call, "read", path=path)
        return
    if arguments.get("command") == "create":
        yield from _write(call)
        return
    edits = arguments.get("edits")
    for one in edits if isinstance(edits, list) else [arguments]:
        new = text_in(one, _NEW) if isinstance(one, dict) else None
        if new is None and not isinstance(one, dict):
            continue
        old = text_in(one, _OLD) or ""
        everywhere = any(one.get(name) is True for name in _ALL)
        yield replace(
            _deed(call, "edit", new or "", path),
            old=old[:LONGEST],
            everywhere=everywhere,
            content_told=new is not None,
        )


def _patched(call: Call, patch: str) -> Iterator[Deed]:
    for change in changes_of(patch[:LONGEST]):
        if change.kind == "move":
            yield _deed(call, "delete", path=change.path)
            yield replace(_deed(call, "write", "", change.text), content_told=False)
        else:
            deed = _deed(call, change.kind, change.text, change.path)
            yield replace(deed, old=change.old)


def _file_changes(call: Call) -> Iterator[Deed]:
    """Codex tells which files it changed, not what is in them."""
    kinds: dict[str, DeedKind] = {"add": "write", "update": "edit", "delete": "delete"}
    changes = call.arguments.get("changes")
    for one in changes if isinstance(changes, list) else []:
        path = one.get("path") if isinstance(one, dict) else None
        if isinstance(path, str):
            kind = kinds.get(str(one.get("kind")), "edit")
            yield replace(_deed(call, kind, path=path), content_told=kind == "delete")


def _read(call: Call) -> Iterator[Deed]:
    path = text_in(call.arguments, (*_PATH, *_FOLDER, "include"))
    yield _deed(call, "read", text_in(call.arguments, _QUERY) or "", path)


def _fetch(call: Call) -> Iterator[Deed]:
    yield _deed(call, "fetch", text_in(call.arguments, ("url", "prompt", "uri")) or "")


def _search(call: Call) -> Iterator[Deed]:
    action = call.arguments.get("action")
    url = text_in(action, ("url",)) if isinstance(action, dict) else None
    if url:
        yield _deed(call, "fetch", url)
        return
    words = text_in(call.arguments, _QUERY)
    if not words and isinstance(action, dict):
        words = text_in(action, _QUERY)
    yield _deed(call, "search", words or "")


def _by_arguments(call: Call) -> Iterator[Deed]:
    """A tool that we do not know: what its arguments look like."""
    arguments = call.arguments
    if text_in(arguments, _COMMAND) is not None and not text_in(arguments, _PATH):
        yield from _shell(call)
    elif text_in(arguments, _PATH) and text_in(arguments, _NEW) is not None:
        yield from _edit(call)
    elif text_in(arguments, _PATH) and text_in(arguments, _CONTENT) is not None:
        yield from _write(call)
    elif text_in(arguments, ("url", "uri")):
        yield from _fetch(call)
    elif text_in(arguments, ("query", "q")):
        yield from _search(call)


_BY_NAME: tuple[tuple[frozenset[str], Callable[[Call], Iterator[Deed]]], ...] = (
    (_SHELLS, _shell),
    (_WRITES, _write),
    (_EDITS, _edit),
    (_READS, _read),
    (_FETCHES, _fetch),
    (_SEARCHES, _search),
)
