"""A command that runs: it is written down, and what it runs in turn is followed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from .command import Command
from .feeds import printed
from .scope import MOST_COMMANDS, EnoughError, Scope, Work
from .shell_nested import Call, Text, nested
from .shell_redirects import NOTHING, UNKNOWN, Said, Taken, redirect_group
from .shell_variables import set_by
from .shell_words import Words
from .wrappers import unwrapped

Node = Any

_MOST_FUNCTIONS = 1000
_MOST_CALLS = 16
"""Calls of one function that are followed."""


class Running(ABC):
    """The part of a reading that is about commands, once their words are known."""

    work: Work
    out: list[Command]
    words: Words
    called: Counter[str]

    @abstractmethod
    def another(self, text: str, line: int) -> Running:
        """A reading of a text within this one, that shares its work."""

    @abstractmethod
    def root(self) -> Node:
        """The syntax tree of the text."""

    @abstractmethod
    def run(self, scope: Scope) -> Said:
        """All of the text."""

    @abstractmethod
    def statements(self, nodes: Iterable[Node], scope: Scope, given: Said) -> Said:
        """Some of its statements, in order."""

    def _run(self, command: Command, scope: Scope) -> Said:
        """Write a command down, and follow what it does."""
        self._emit(command)
        said = Said(command.stdout, _passed(command), command.literal)
        if command.argv:
            said = self._effects(command, scope) or said
        return NOTHING if any(one.takes_stdout for one in command.redirects) else said

    def _emit(self, command: Command) -> None:
        if len(self.out) >= MOST_COMMANDS:
            raise EnoughError("too many commands; the rest was left out")
        self.out.append(command)

    def _effects(self, command: Command, scope: Scope) -> Said | None:
        """What a command changes in its shell, and what comes out of what it runs in turn."""
        name, args = command.argv[0], command.argv[1:]
        if name in scope.functions:
            first = len(self.out)
            called = self._call(name, args, scope, Said(command.stdin, command.sources))
            self._sent(first, command)
            return called
        set_by(name, args, scope)
        if name == "alias":
            self._aliases(args, command.line, scope)
        said: Said | None = None
        for one in nested(command):
            came = self._nested(one, command, scope)
            said = came if said is None else said.then(came)
        return said

    def _nested(self, one: Text | Call, command: Command, scope: Scope) -> Said:
        with self.work.deeper():
            if isinstance(one, Call):
                return self._call_of(one, command, scope)
            reading = self.another(one.text, command.line)
            if one.here:
                with scope.part(one.what):
                    return reading.run(scope)
            shell = scope.fork(one.what)
            shell.cwd, shell.args = command.cwd, one.args
            shell.values, shell.functions = dict(command.env), {}
            first = len(self.out)
            said = reading.run(shell)
            for place in range(first, len(self.out)):
                inner = self.out[place]
                self.out[place] = replace(inner, wrappers=(*command.wrappers, *inner.wrappers))
            self._sent(first, command)
            return said

    def _sent(self, first: int, command: Command) -> None:
        """What the commands since ``first`` print goes where the command that runs them says."""
        away = tuple(sign for sign in command.redirects if sign.takes_stdout)
        if away:
            redirect_group(self.out, first, Taken(away, UNKNOWN, True))

    def _call_of(self, one: Call, command: Command, scope: Scope) -> Said:
        inner = unwrapped(one.argv)
        if not inner.argv:
            return UNKNOWN
        called = replace(
            command,
            argv=inner.argv,
            env=(*command.env, *inner.env),
            redirects=tuple(sign for sign in command.redirects if sign.takes_stdout),
            stdin=None,
            sources=(),
            stdout=printed(inner.argv, None, command.cwd),
            wrappers=(*command.wrappers, *inner.names),
            inside=(*scope.inside, one.what),
        )
        return self._run(called, scope.fork(one.what))

    def _call(self, name: str, args: tuple[str, ...], scope: Scope, given: Said) -> Said:
        reading, body = scope.functions[name]
        if f"function {name}" in scope.inside or reading.called[name] >= _MOST_CALLS:
            return UNKNOWN  # what it runs has been written down
        reading.called[name] += 1
        before, scope.args = scope.args, args
        try:
            with self.work.deeper(), scope.part(f"function {name}"):
                said: Said = reading.statements([body], scope, given)
                return said
        finally:
            scope.args = before

    def _aliases(self, args: tuple[str, ...], line: int, scope: Scope) -> None:
        """``alias t='python t.py'`` is a function that is given the words behind it."""
        for word in args:
            name, equals, text = word.partition("=")
            own = text.split()[:1] == [name]  # ``alias ls='ls -l'``
            if equals and not own and len(scope.functions) < _MOST_FUNCTIONS:
                reading = self.another(f'{text} "$@"', line)
                scope.functions[name] = (reading, reading.root())

    def _function(self, node: Node, scope: Scope) -> Said:
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name is not None and body is not None and len(scope.functions) < _MOST_FUNCTIONS:
            scope.functions[self.words.source(name)] = (self, body)
        return NOTHING


def _passed(command: Command) -> tuple[str, ...]:
    """Files whose content a command passes on."""
    if command.name == "cat":
        files = tuple(arg for arg in command.argv[1:] if not arg.startswith("-"))
        return files or command.sources
    return command.sources if command.name == "tee" else ()
