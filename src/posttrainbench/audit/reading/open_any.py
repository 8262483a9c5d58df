"""Open any file that an agent left: everything in it that can be text, document by document.

The content decides, not the name.  Archives and compressed files are opened level by level, tables
are read by a confined child process, token ids are decoded with the base model's tokenizer, pickles
are read without building what they describe, and what is encoded within a text is decoded.  Nothing
raises but :class:`UnreadError`, always after everything that could be read.

Backslash escapes of JSON and source code stand in the pieces as they stand in the file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from . import binary, structured, tars, zips
from .encodings import encoding_of
from .limits import FILE_LIMIT, NESTED, Budget
from .lines import text_pieces
from .literals import Literals
from .shapes import Document, Form, Piece, UnreadError
from .sniff import form_of
from .sources import Source, Window
from .squeezed import kind_of, opened, sealed
from .views import View, joined_literals, views, wide_text, without_tags
from .vocabulary import Vocabulary

_VIEWS: dict[Form, tuple[View, ...]] = {
    "python": (views, joined_literals),
    "markup": (without_tags, views),
}

_BEFORE_ZIP: frozenset[Form] = frozenset({"binary", "text", "python", "csv", "json", "jsonl"})
"""What a zip archive may begin with, as programs do that unpack themselves."""


def documents(
    descriptor: int,
    name: str = "",
    tokenizer: Vocabulary | None = None,
    *,
    limit: int = FILE_LIMIT,
) -> Iterator[Document]:
    """All documents in an open file: itself, or what an archive holds.

    Args:
        descriptor: a regular file, open for reading; its offset may change.
        name: its name, where the content leaves a doubt.
        tokenizer: the base model's vocabulary (:func:`vocabulary.vocabulary_of`); without one token
            ids are not decoded.
        limit: bytes that are read of it, unpacked or not.

    It raises nothing; what is wrong with a part ends the pieces of a document of its own.
    """
    size = os.fstat(descriptor).st_size
    budget = Budget(limit, size)
    source = Source.of_window(Window(descriptor, 0, size), budget)
    yield from Opener(tokenizer, budget).open(source, name, "", 0)


def part_of(
    descriptor: int, start: int, end: int, form: Form, tokenizer: Vocabulary | None = None
) -> Iterator[Document]:
    """A part of a text file as a document of its own; it begins and ends with whole lines."""
    window = Window(descriptor, start, end - start)
    budget = Budget(FILE_LIMIT, window.size)
    opener = Opener(tokenizer, budget)
    yield Document("", form, opener.text_part(Source.of_window(window, budget), form))


class Opener:
    """Opens documents inside documents, on one budget."""

    def __init__(self, vocabulary: Vocabulary | None, budget: Budget) -> None:
        self.vocabulary = vocabulary
        self.budget = budget

    def open(self, source: Source, name: str, member: str, depth: int) -> Iterator[Document]:
        """All documents in ``source``.

        Args:
            member: what the archives so far call it.
            depth: how many levels were unpacked.
        """
        try:
            head = source.head
            form = form_of(head, name)
            if form in ("compressed", "zip", "tar") and depth >= NESTED:
                raise UnreadError(f"packed more than {NESTED} times over")
            if form == "compressed":
                inner = Source.of_stream(opened(kind_of(head), source.read), self.budget)
                if not inner.head and inner.broken:
                    yield Document(member, form, self._raw(source, inner.broken, depth))
                    return
                yield from self.open(inner, _without_ending(name), member, depth + 1)
                return
        except (UnreadError, OSError) as error:
            yield Document(member, "compressed", _failing(_unread(error)))
            return
        if form in ("zip", "tar"):
            yield from self._archive(source, form, member, depth)
        else:
            yield Document(member, form, self._safely(source, form, depth))
            if form in _BEFORE_ZIP and source.jumps() and zips.ends_as_zip(source.window()):
                yield from self._archive(source, "zip", member, depth)

    def _archive(self, source: Source, form: Form, member: str, depth: int) -> Iterator[Document]:
        prefix = f"{member}/" if member else ""
        try:
            if form == "zip":
                archive = source.window()
                inside = structured.archive_form(archive)
                found = zips.members(archive, self.budget)
            else:
                inside, found = form, tars.members(source, self.budget)
            for one in found:
                path = prefix + one.name
                if one.source is None:
                    yield Document(path, "sealed", _failing(UnreadError(one.why)))
                elif inside == "inspect-log" and one.source.head[:1] in (b"{", b"["):
                    pieces = self._safely(one.source, "json", depth + 1)
                    yield Document(path, "inspect-log", pieces)
                else:
                    yield from self.open(one.source, one.name, path, depth + 1)
                if self.budget.spent:
                    return
            if source.broken:
                raise source.broken
        except Exception as error:
            yield Document(member, form, self._raw(source, _unread(error), depth))

    def _raw(self, source: Source, error: UnreadError, depth: int) -> Iterator[Piece]:
        """What can be seen of a broken archive or compressed file from outside."""
        if source.jumps() and not self.budget.spent:
            whole = Source.of_window(source.window(), self.budget)
            yield from self._safely(whole, "binary", depth)
        raise error

    def _safely(self, source: Source, form: Form, depth: int) -> Iterator[Piece]:
        """The pieces of one document; whatever is wrong with it becomes an UnreadError."""
        try:
            yield from self._pieces(source, form, depth)
        except Exception as error:
            raise _unread(error) from None
        if source.broken:
            raise source.broken
        if self.budget.spent:
            raise UnreadError(self.budget.spent)

    def _pieces(self, source: Source, form: Form, depth: int) -> Iterator[Piece]:
        if form == "nothing":
            return
        if form == "sealed":
            why = UnreadError(f"{sealed(source.head)}, which nothing here opens")
            yield from self._raw(source, why, depth)
        if form == "notebook":
            yield from structured.notebook(self, source, depth)
        elif form in ("parquet", "arrow", "orc", "sqlite"):
            yield from structured.table(self, source.window(), form, depth)
        elif form in ("array", "safetensors", "pickle", "binary"):
            yield from binary.pieces(self, source.window(), form, depth)
        else:
            yield from self._text(source, depth, None, _VIEWS.get(form, (views,)))

    def text(self, source: Source, depth: int, *, encoding: str | None = None) -> Iterator[Piece]:
        """The text of a source; ``encoding=""`` for binary data, of which the ASCII is kept."""
        yield from self._text(source, depth, encoding, (wide_text,) if encoding == "" else (views,))

    def text_part(self, source: Source, form: Form) -> Iterator[Piece]:
        """The text of a part of a UTF-8 file."""
        try:
            yield from self._text(source, 0, "utf-8", _VIEWS.get(form, (views,)))
        except Exception as error:
            raise _unread(error) from None

    def _text(
        self, source: Source, depth: int, encoding: str | None, also: tuple[View, ...]
    ) -> Iterator[Piece]:
        if encoding is None:
            encoding = encoding_of(source.head[:8192])
        yield from text_pieces(source.read, encoding, self.budget, self.literals(depth), also)

    def literals(self, depth: int) -> Literals:
        """A decoder of what is encoded in a text at this level."""
        return Literals(lambda raw: self.decoded(raw, depth + 1), self.vocabulary)

    def decoded(self, raw: bytes, depth: int) -> Iterator[Piece]:
        """The text of bytes that were encoded or stored in a document; nothing if they have none.

        Raises:
            UnreadError: as of documents.
        """
        if depth > NESTED or len(raw) < 16:
            return
        yield from binary.embedded(self, raw, depth)


def _unread(error: BaseException) -> UnreadError:
    """Hostile data makes readers fail in any way: for the caller there is only one."""
    if isinstance(error, UnreadError):
        return error
    if isinstance(error, OSError):
        return UnreadError(error.strerror or "cannot be read")
    return UnreadError(f"cannot be read: {type(error).__name__}")


def _failing(error: UnreadError) -> Iterator[Piece]:
    raise error
    yield


def _without_ending(name: str) -> str:
    return name.rpartition(".")[0] or name
