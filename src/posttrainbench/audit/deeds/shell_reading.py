"""Walks through the syntax tree of a shell text and writes down the commands that it would run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from .command import Command
from .feeds import printed
from .heredocs import Heredoc, Stripped, strip_heredocs
from .scope import DeepError, Scope, Work, joined
from .shell_redirects import NOTHING, SIGNS, UNKNOWN, Said, Taken, redirect_group, taken
from .shell_running import Running
from .shell_text import as_string, crude, damaged, parse, pieces, quotation, regions
from .shell_variables import declared, pair
from .shell_words import Words, clean
from .wrappers import unwrapped

Node = Any

_MOST_ROUNDS = 16
"""Values of a loop's variable that are gone through."""
_PARTS = {
    "if_statement": "if", "elif_clause": "if", "else_clause": "if", "case_statement": "case",
    "case_item": "case", "while_statement": "while", "c_style_for_statement": "while",
}  # fmt: skip
_THROUGH = ("program", "compound_statement", "do_group", "negated_command", "ERROR")
_NO_WORDS = (*SIGNS, "file_descriptor", "comment")


class Reading(Running):
    """One text that is read; texts within it have readings of their own and share its work."""

    def __init__(
        self,
        text: str | bytes,
        work: Work,
        out: list[Command],
        line: int = 1,
        stripped: Stripped | None = None,
    ) -> None:
        """Take a text, or a part of one whose heredocs are ``stripped`` already."""
        if isinstance(text, str):
            stripped = strip_heredocs(clean(text))
            text = stripped.text.encode("utf-8", "replace")
        self.stripped = stripped or Stripped("", "\ue000", ())
        self.raw, self.work, self.out, self.first = text, work, out, line
        work.parse(len(self.raw))
        self.words = Words(self.raw, self.stripped, work, self._substitution)
        self.called: Counter[str] = Counter()
        if self.stripped.too_many:
            work.note(line, "too many heredocs; the rest was left out")

    def another(self, text: str, line: int) -> Reading:
        """A reading of a text within this one, that shares its work."""
        return Reading(text, self.work, self.out, line)

    def root(self) -> Node:
        """The syntax tree of the text."""
        return parse(self.raw)

    def run(self, scope: Scope) -> Said:
        """All of it, and in the end the functions that were never called."""
        said = self._text(scope)
        for name, (reading, body) in list(scope.functions.items()):
            if reading is self and name not in self.called:
                alone = scope.fork(f"function {name}")
                alone.args = None
                self.statements([body], alone, UNKNOWN)
        return said

    def _text(self, scope: Scope) -> Said:
        root = parse(self.raw)
        if not damaged(root):
            return self.statements(root.children, scope, UNKNOWN)
        said = NOTHING
        for nodes, broken in regions(root):
            if broken:
                self._damaged(nodes, scope)
                said = UNKNOWN
            else:
                said = said.then(self.statements(nodes, scope, UNKNOWN))
        return said

    def _damaged(self, nodes: list[Node], scope: Scope) -> None:
        """A passage that the parser could not make sense of as a whole: line by line."""
        first = self.first + int(nodes[0].start_point[0])
        for before, piece, sound in pieces(self.raw[nodes[0].start_byte : nodes[-1].end_byte]):
            part = Reading(piece, self.work, self.out, first + before, self.stripped)
            if sound:
                part.run(scope)
            elif piece.strip():
                part._crude(scope)

    def _crude(self, scope: Scope) -> None:
        """Words only."""
        self.work.note(self.first, quotation(self.stripped, self.raw))
        with scope.part("unparsed"):
            for words in crude(self.raw.decode("utf-8", "replace")):
                self._emit(
                    Command(
                        tuple(words),
                        self.first,
                        inside=scope.inside,
                        cwd=scope.cwd,
                        literal=False,
                    )
                )

    def statements(self, nodes: Iterable[Node], scope: Scope, given: Said) -> Said:
        """Statements, one after the other."""
        said = NOTHING
        nodes = [node for node in nodes if node.is_named or node.type == "&"]
        for place, node in enumerate(nodes):
            if not node.is_named:
                continue
            first = len(self.out)
            background = place + 1 < len(nodes) and not nodes[place + 1].is_named
            try:
                # What runs in the background is a shell of its own.
                inner = scope.fork("") if background else scope
                said = said.then(self.visit(node, inner, given))
            except DeepError:
                self.work.note(self._line(node), "nested too deep")
                said = UNKNOWN
            if background:
                self._change(first, scope, background=True)
        return said

    def visit(self, node: Node, scope: Scope, given: Said) -> Said:
        """One statement, with what comes in."""
        self.work.step()
        with self.work.deeper():
            return self._visit(node, scope, given)

    def _visit(self, node: Node, scope: Scope, given: Said) -> Said:
        kind = node.type
        if kind == "command":
            return self._command(node, scope, given, ())
        if kind == "redirected_statement":
            return self._redirected(node, scope, given)
        if kind == "list":
            return self._list(node, scope, given)
        if kind == "pipeline":
            return self._pipeline(node, scope, given, ())
        if kind in ("variable_assignment", "variable_assignments", "declaration_command"):
            declared(node, scope, self.words)
            return NOTHING
        if kind == "subshell":
            return self.statements(node.children, scope.fork("()"), given)
        if kind == "for_statement":
            return self._for(node, scope, given)
        if kind == "function_definition":
            return self._function(node, scope)
        if kind in _PARTS:
            with scope.part(_PARTS[kind]):
                self.statements(node.children, scope, given)
            return UNKNOWN
        if kind in _THROUGH:
            if kind == "ERROR":
                self.work.note(self._line(node), self._quotation(node))
            return self.statements(node.children, scope, given)
        self.words.inner(node, scope)
        return NOTHING

    def _line(self, node: Node) -> int:
        return self.first + int(node.start_point[0])

    def _quotation(self, node: Node) -> str:
        return quotation(self.stripped, self.raw[node.start_byte : node.end_byte])

    def _spine(self, node: Node) -> list[Node]:
        """The parts of ``a && b && c``, which the grammar nests to the left."""
        parts: list[Node] = []
        while node.type == "list" and node.children:
            self.work.step()
            parts.extend(reversed(node.children[1:]))
            node = node.children[0]
        return [node, *reversed(parts)]

    def _list(self, node: Node, scope: Scope, given: Said) -> Said:
        """``a && b || c``: what stands behind ``||`` prints nothing where the other did."""
        parts = self._spine(node)
        if not any(part.type == "||" for part in parts):
            return self.statements(parts, scope, given)
        said, over = NOTHING, False
        for part in parts:
            if part.is_named:
                came = self.statements([part], scope, given)
                said = said if over else said.then(came)
            else:
                over = part.type == "||" and bool(said.known and said.text)
        return said

    def _pipeline(self, node: Node, scope: Scope, given: Said, signs: Iterable[Node]) -> Said:
        """Commands in a row; ``signs`` are redirects of the last one."""
        self.work.pipelines += 1
        number, said = self.work.pipelines, given
        parts = [child for child in node.children if child.is_named]
        for position, part in enumerate(parts):
            first = len(self.out)
            last = position == len(parts) - 1
            said = self._with(part, scope.fork(""), said, signs if last else ())
            self._change(first, scope, pipeline=number, position=position)
        return said

    def _redirected(self, node: Node, scope: Scope, given: Said) -> Said:
        body = node.child_by_field_name("body")
        signs = [child for child in node.children if child.type in SIGNS]
        if body is None:
            return self._command(node, scope, given, ())
        if body.type != "list":
            return self._with(body, scope, given, signs)
        # The grammar gives the whole list what belongs to its last command.
        parts = self._spine(body)
        said = self.statements(parts[:-1], scope, given)
        return said.then(self._with(parts[-1], scope, given, signs))

    def _with(self, node: Node, scope: Scope, given: Said, signs: Iterable[Node]) -> Said:
        """A statement with the redirects that stand behind it."""
        signs = list(signs)
        if not signs:
            return self.visit(node, scope, given)
        if node.type == "command":
            return self._command(node, scope, given, signs)
        if node.type == "pipeline":
            return self._pipeline(node, scope, given, signs)
        group = self._taken(signs, scope, given)
        first = len(self.out)
        said = self.visit(node, scope, group.given)
        redirect_group(self.out, first, group)
        return NOTHING if group.away else said

    def _taken(self, signs: Iterable[Node], scope: Scope, given: Said) -> Taken:
        return taken(signs, scope, given, self.words, self._heredoc)

    def _change(self, first: int, scope: Scope, **changes: Any) -> None:
        """Say something more of the commands that came since ``first``."""
        for place in range(first, len(self.out)):
            command = self.out[place]
            if "$()" not in command.inside[len(scope.inside) :]:
                self.out[place] = replace(command, **changes)

    def _heredoc(self, heredoc: Heredoc, scope: Scope) -> tuple[str, bool]:
        """A heredoc's text with its variables put in."""
        body = heredoc.body
        if not heredoc.expands or not any(sign in body for sign in "$`\\"):
            return body, True
        line = self.first + heredoc.line - 1
        inner = Reading(f"X={as_string(body)}", self.work, self.out, line)
        root = parse(inner.raw)
        node = root.children[0] if len(root.children) == 1 else None
        value = node.child_by_field_name("value") if node is not None else None
        if damaged(root) or value is None or value.type != "string":
            return body, False
        return inner.words.word(value, scope)

    def _command(self, node: Node, scope: Scope, given: Said, signs: Iterable[Node]) -> Said:
        env: list[tuple[str, str]] = []
        argv: list[str] = []
        known = True
        for child in node.named_children:
            if child.type == "variable_assignment":
                env.append(pair(child, scope, self.words))
            elif child.type == "ERROR":
                self.work.note(self._line(child), self._quotation(node))
                known = False
            elif child.type not in _NO_WORDS:
                more, sure = self.words.words(child, scope)
                argv += more
                known = known and sure
        own = [child for child in node.children if child.type in SIGNS]
        came = self._taken([*own, *signs], scope, given)
        inner = unwrapped((*argv, *came.words))
        if not inner.argv:
            for name, value in env:
                scope.assign(name, value)
        stdin = came.given.text
        return self._run(
            Command(
                argv=inner.argv,
                line=self._line(node),
                env=(*scope.environment(), *env, *inner.env),
                redirects=came.redirects,
                stdin=stdin,
                stdout=printed(inner.argv, stdin, scope.cwd) if inner.argv else "",
                sources=came.given.sources,
                wrappers=inner.names,
                inside=scope.inside,
                cwd=joined(scope.cwd, inner.cwd) if inner.cwd else scope.cwd,
                literal=known and came.known and came.given.known,
            ),
            scope,
        )

    def _for(self, node: Node, scope: Scope, given: Said) -> Said:
        variable, body = node.child_by_field_name("variable"), node.child_by_field_name("body")
        values: list[str] = []
        known = True
        for place, child in enumerate(node.children):
            if node.field_name_for_child(place) == "value":
                more, sure = self.words.words(child, scope)
                values += more
                known = known and sure
        name = self.words.source(variable) if variable is not None else ""
        if body is None:
            return UNKNOWN
        told = known and 0 < len(values) <= _MOST_ROUNDS
        said = NOTHING
        with scope.part("loop"):
            for value in values if told else [None]:
                scope.values[name] = value
                said = said.then(self.visit(body, scope, given))
        return said if told else UNKNOWN

    def _substitution(self, node: Node, scope: Scope) -> str | None:
        """The commands of ``$(...)``, and what they print."""
        said = self.statements(node.named_children, scope.fork("$()"), UNKNOWN)
        return said.text if said.known else None
