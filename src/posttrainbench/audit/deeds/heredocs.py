"""Heredocs, taken out of a shell text before it is parsed.

The grammar that we parse with reads little of what may follow ``<<EOF`` on its line, and agents
write ``python - <<'EOF' 2>&1 | tail`` all day.  So their bodies are cut out by a small lexer that
knows quotes, comments and substitutions; ``< MARK`` stands where ``<<EOF`` stood, and empty lines
where the body was, so that lines keep their numbers.  ``<<< word`` becomes ``< MARKword``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MOST = 2000
"""Heredocs that are read in one text."""

_INTERESTING = re.compile(r"[\\'\"`$()<#\n}]")
_COMMENT_AFTER = " \t\n;&|("
_BLANK = " \t"
_WORD_END = " \t\n;&|<>()"
_STRING = "s"
_OPEN = {"(": "sub", "((": "sum", "{": "expansion"}


@dataclass(frozen=True, slots=True)
class Heredoc:
    """One body."""

    body: str
    line: int
    """Where the body begins, from 1."""
    expands: bool
    """Whether the shell replaces ``$X`` and ``$(...)`` in it: its delimiter was not quoted."""


@dataclass(frozen=True, slots=True)
class Stripped:
    """A text without its heredocs."""

    text: str
    mark: str
    """A character that the text did not hold; ``mark + number + mark`` names a heredoc."""
    heredocs: tuple[Heredoc, ...]
    too_many: bool = False

    def here_string(self, word: str) -> str | None:
        """What stands behind ``<<<``, if the word of the parsed text stands for that."""
        sign = f"{self.mark}{_STRING}{self.mark}"
        return word.removeprefix(sign) if word.startswith(sign) else None

    def of(self, word: str) -> Heredoc | None:
        """The heredoc that a word of the parsed text stands for."""
        if len(word) < 3 or word[0] != self.mark or word[-1] != self.mark:
            return None
        number = int(word[1:-1]) if word[1:-1].isdecimal() and len(word) < 12 else -1
        return self.heredocs[number] if 0 <= number < len(self.heredocs) else None


def strip_heredocs(text: str) -> Stripped:
    """Take the heredocs out of a text."""
    used = set(text) if "<<" in text else set()
    mark = next((chr(c) for c in range(0xE000, 0xF900) if chr(c) not in used), "")
    if "<<" not in text or not mark:
        return Stripped(text, mark or "\ue000", (), too_many=not mark)
    lexer = _Lexer(text, mark)
    lexer.run()
    return Stripped("".join(lexer.out), mark, tuple(lexer.found), lexer.too_many)


@dataclass(slots=True)
class _Pending:
    delimiter: str
    quoted: bool
    tabs: bool


@dataclass(slots=True)
class _Lexer:
    text: str
    mark: str
    out: list[str] = field(default_factory=list)
    found: list[Heredoc] = field(default_factory=list)
    too_many: bool = False
    _stack: list[str] = field(default_factory=list)
    """What is open: string, sub, sum, group (in a sum), expansion, ticks."""
    _pending: list[_Pending] = field(default_factory=list)
    _copied: int = 0
    _line: int = 1
    _counted: int = 0

    def run(self) -> None:
        """Read the text to its end."""
        position, text = 0, self.text
        while found := _INTERESTING.search(text, position):
            position = self._at(found.start(), text[found.start()])
        self._bodies(len(text))
        self.out.append(text[self._copied :])

    def _at(self, at: int, character: str) -> int:
        """Deal with one character; where to go on."""
        text, top = self.text, self._stack[-1] if self._stack else ""
        if character == "\\":
            return at + 2
        if character in '"`':
            self._turn("string" if character == '"' else "ticks", top)
        elif character == "'" and top not in ("string", "sum"):
            return self._quoted(at)
        elif character == "$":
            return self._dollar(at)
        elif top == "string":
            return at + 1
        elif character == "\n":
            return self._bodies(at)
        elif character == "#":
            before = text[at - 1] if at else "\n"
            if before in _COMMENT_AFTER and top not in ("expansion", "sum", "group"):
                end = text.find("\n", at)
                return len(text) if end < 0 else end
        elif character == "<":
            return self._less(at, top)
        else:
            return self._bracket(at, character, top)
        return at + 1

    def _turn(self, what: str, top: str) -> None:
        if top == what:
            self._stack.pop()
        else:
            self._stack.append(what)

    def _quoted(self, at: int) -> int:
        """Behind a text in single quotes, or ``$'...'`` with escapes."""
        if at and self.text[at - 1] == "$":
            end = at + 1
            while end < len(self.text) and self.text[end] != "'":
                end += 2 if self.text[end] == "\\" else 1
            return end + 1
        end = self.text.find("'", at + 1)
        return len(self.text) if end < 0 else end + 1

    def _dollar(self, at: int) -> int:
        for sign in ("((", "(", "{"):
            if self.text.startswith(sign, at + 1):
                self._stack.append(_OPEN[sign])
                return at + 1 + len(sign)
        return at + 2 if self.text.startswith("#", at + 1) else at + 1  # $# is no comment

    def _bracket(self, at: int, character: str, top: str) -> int:
        if character == "(":
            if top in ("sum", "group"):
                self._stack.append("group")
            elif self.text.startswith("((", at):
                self._stack.append("sum")
                return at + 2
            else:
                self._stack.append("sub")
        elif character == ")":
            if top in ("sub", "group", "sum"):
                self._stack.pop()
            if top == "sum" and self.text.startswith("))", at):
                return at + 2
        elif top == "expansion":
            self._stack.pop()
        return at + 1

    def _less(self, at: int, top: str) -> int:
        text = self.text
        if text.startswith("<<<", at) and top not in ("sum", "group", "expansion"):
            end = at + 3
            while end < len(text) and text[end] in _BLANK:
                end += 1
            self.out += [text[self._copied : at], f"< {self.mark}{_STRING}{self.mark}"]
            self._copied = end
            return end
        if not text.startswith("<<", at) or top in ("sum", "group", "expansion"):
            return at + 1
        start = at + 2
        tabs = text.startswith("-", start)
        start += tabs
        while start < len(text) and text[start] in _BLANK:
            start += 1
        end, delimiter, quoted = _delimiter(text, start)
        if end == start:
            return at + 2
        number = len(self.found) + len(self._pending)
        if number >= MOST:
            self.too_many = True
        else:
            self._pending.append(_Pending(delimiter, quoted, tabs))
        self.out += [text[self._copied : at], f"< {self.mark}{number}{self.mark}"]
        self._copied = end
        return end

    def _bodies(self, at: int) -> int:
        """Cut out the bodies that begin behind the newline at ``at``; where to go on."""
        if not self._pending:
            return at + 1
        start = position = min(at + 1, len(self.text))
        for pending in self._pending:
            position = self._body(pending, position)
        self._pending.clear()
        self.out.append(self.text[self._copied : start])
        self.out.append("\n" * self.text.count("\n", start, position))
        self._copied = position
        return position

    def _body(self, pending: _Pending, start: int) -> int:
        """Where what follows a body begins: behind the line of its delimiter."""
        text, wanted = self.text, pending.delimiter
        self._line += text.count("\n", self._counted, start)
        self._counted = start
        inner = bool(self._stack) and self._stack[-1] in ("sub", "ticks")
        position, end, after = start, len(text), len(text)
        while position < len(text):
            stop = text.find("\n", position)
            stop = len(text) if stop < 0 else stop
            begin = position
            while pending.tabs and begin < stop and text[begin] == "\t":
                begin += 1
            if text.startswith(wanted, begin):
                rest = begin + len(wanted)
                tail = text[rest:stop].strip()
                if not tail or (inner and tail[0] in ")`"):
                    # A closing bracket behind the delimiter is the text's, not the body's.
                    end, after = position, rest if tail else min(stop + 1, len(text))
                    break
            position = stop + 1
        body = text[start:end]
        if pending.tabs:
            body = "".join(one.lstrip("\t") for one in body.splitlines(keepends=True))
        self.found.append(Heredoc(body, self._line, not pending.quoted))
        return after


def _delimiter(text: str, start: int) -> tuple[int, str, bool]:
    """The end of the word at ``start``, the word without its quotes, and whether it had any."""
    position, parts, quoted = start, list[str](), False
    while position < len(text) and text[position] not in _WORD_END:
        character = text[position]
        if character in "'\"":
            end = text.find(character, position + 1)
            if end < 0:
                return start, "", False
            parts.append(text[position + 1 : end])
            position, quoted = end + 1, True
        elif character == "\\":
            parts.append(text[position + 1 : position + 2])
            position, quoted = min(position + 2, len(text)), True
        else:
            parts.append(character)
            position += 1
    return position, "".join(parts), quoted
