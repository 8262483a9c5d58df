"""Binary documents: token ids, arrays, pickles, and loose text in whatever else there is."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from . import arrays, pickles
from .carving import carved
from .encodings import encoding_of, is_binary
from .language import is_clean, is_language
from .limits import BINARY_LIMIT, CHUNK, HEAD
from .noise import is_noise
from .opens import Opens, Records
from .shapes import Form, Piece, UnreadError
from .sniff import form_of
from .sources import Held, Source, Window, copied
from .squeezed import BROKEN
from .tokens import integer_form, token_pieces

_NO_TEXT = (b"\x7fELF", b"!<arch>", b"GGUF")
_SAMPLES = 64
_SAMPLE = 4096
_STEP = 1 << 16
_LOOK = 512
"""A large binary file is looked at in so many bytes of every ``_STEP``."""
_DEFLATED = 16_000_000
_PLAIN: frozenset[Form] = frozenset({"text", "json", "jsonl", "csv", "python", "markup"})


def pieces(opener: Opens, window: Window, form: Form, depth: int) -> Iterator[Piece]:
    """The text of a binary document.

    Raises:
        UnreadError: after what could be read.
    """
    if form == "array":
        try:
            array = arrays.npy_array(window)
        except UnreadError:
            yield from _unknown(opener, window, depth)
            raise
        yield from _array(opener, array, depth)
    elif form == "safetensors":
        yield from _safetensors(opener, window, depth)
    elif form == "pickle":
        yield from _pickle(opener, window, depth)
    else:
        yield from _unknown(opener, window, depth)


def embedded(opener: Opens, raw: bytes, depth: int) -> Iterator[Piece]:
    """The text of bytes that stood in another document; most such bytes have none.

    Raises:
        UnreadError: as of documents.
    """
    form = form_of(raw[:HEAD])
    if form == "nothing":
        return
    opener.budget.unpack(len(raw))
    source = Source.of_window(Held(raw), opener.budget)
    if form in _PLAIN:
        text = raw[:20_000].decode(encoding_of(raw[:8192]) or "utf-8", "replace")
        if is_clean(text) and (is_language(text) or _is_dense(raw)):
            yield from opener.text(source, depth)
    elif form != "binary":
        for document in opener.open(source, "", "", depth):
            yield from document.pieces
    elif opener.vocabulary and (found := integer_form(Held(raw), opener.vocabulary)):
        yield from token_pieces(Held(raw), found, opener.vocabulary, opener.budget)
    elif (inflated := _inflated(raw)) and depth < 8:
        yield from opener.decoded(inflated, depth + 1)


def _is_dense(raw: bytes) -> bool:
    """Whether it is again something encoded, or a list of numbers."""
    return len(raw) > 40 and raw[:400].count(b" ") <= len(raw[:400]) // 3


def _inflated(raw: bytes) -> bytes:
    """What a stream of deflate without a header gives, if the bytes are a whole one."""
    inner = zlib.decompressobj(-15)
    try:
        data = inner.decompress(raw, _DEFLATED)
    except BROKEN:
        return b""
    return data if inner.eof and len(data) > 16 and not inner.unused_data else b""


def _array(opener: Opens, array: arrays.Array, depth: int) -> Iterator[Piece]:
    data, vocabulary = array.data, opener.vocabulary
    if array.kind == "O":
        yield from _pickle(opener, data, depth)
    elif array.kind == "U":
        wide = "utf-32-be" if array.form.startswith(">") else "utf-32-le"
        yield from opener.text(Source.of_window(data, opener.budget), depth, encoding=wide)
    elif array.kind in "SV" or array.form.endswith("1"):
        yield from opener.text(Source.of_window(data, opener.budget), depth)
    elif vocabulary and array.kind in "iuf":
        if array.kind == "f" and not arrays.whole_numbers(data.at(0, _SAMPLE * 8), array.form):
            return
        if integer_form(data, vocabulary, (array.form,)):
            yield from token_pieces(data, array.form, vocabulary, opener.budget, array.row)


def _safetensors(opener: Opens, window: Window, depth: int) -> Iterator[Piece]:
    try:
        file = window if window.is_whole() else copied(window)
        tensors = list(arrays.integer_tensors(file))
    except UnreadError:
        if opener.budget.spent:
            raise
        yield from _unknown(opener, window, depth)
        return
    header = file.part(8, int.from_bytes(file.at(0, 8), "little"))
    yield from opener.text(Source.of_window(header, opener.budget), depth)
    for form, row, data in tensors:
        if opener.vocabulary and integer_form(data, opener.vocabulary, (form,)):
            yield from token_pieces(data, form, opener.vocabulary, opener.budget, row)


def _pickle(opener: Opens, window: Window, depth: int) -> Iterator[Piece]:
    records = Records(opener, depth)
    number = size = 0
    texts: list[str] = []
    trouble: UnreadError | None = None
    try:
        for number, value in enumerate(pickles.contents(window, opener.budget), start=1):
            if isinstance(value, str):
                texts.append(value)
                size += len(value)
                if size > CHUNK:
                    yield from records.text(number, "\n".join(texts))
                    texts, size = [], 0
            elif isinstance(value, bytes):
                yield from records.raw(number, value)
            else:
                yield from records.numbers(number, value)
    except UnreadError as error:
        trouble = error
    if texts:
        yield from records.text(number, "\n".join(texts))
    if trouble:
        if not opener.budget.spent:
            yield from _unknown(opener, window, depth)
        if opener.budget.spent or number:
            raise trouble
    yield from records.finish()


def _unknown(opener: Opens, window: Window, depth: int) -> Iterator[Piece]:
    vocabulary = opener.vocabulary
    if vocabulary and (found := integer_form(window, vocabulary)):
        yield from token_pieces(window, found, vocabulary, opener.budget)
        return
    if is_noise(window):
        raise UnreadError("nothing but noise, as encrypted data looks")
    size = window.stored()
    if window.at(0, 8).startswith(_NO_TEXT) and _text_share(window) < 0.3:
        return
    if size <= BINARY_LIMIT or _text_share(window) > 0.05:
        yield from opener.text(Source.of_window(window, opener.budget), depth, encoding="")
        if window.size <= BINARY_LIMIT:
            yield from carved(opener, window.at(0, window.size), depth)
        return
    for start, length in islands(window):
        part = Source.of_window(window.part(start, length), opener.budget)
        yield from opener.text(part, depth, encoding="")
    raise UnreadError(f"a binary file of over {BINARY_LIMIT} bytes", harmless=True)


def islands(window: Window) -> Iterator[tuple[int, int]]:
    """(start, size) of the parts of a large file that are text, found by samples."""
    begun = -1
    position = 0
    while position < window.size:
        sample = window.at(position, _LOOK)
        is_text = bool(sample) and not is_binary(sample)
        if is_text and begun < 0:
            begun = max(0, position - _STEP)
        elif not is_text and begun >= 0:
            yield begun, position - begun
            begun = -1
        position += _STEP
        if not is_text and not sample.strip(b"\0"):
            position = max(position, window.after_hole(position) // _STEP * _STEP)
    if begun >= 0:
        yield begun, window.size - begun


def _text_share(window: Window) -> float:
    """Which part of a file is text, by samples."""
    step = max(_SAMPLE, window.size // _SAMPLES)
    samples = [window.at(place, _SAMPLE) for place in range(0, window.size, step)]
    texts = [sample for sample in samples if not is_binary(sample)]
    return len(texts) / max(1, len(samples))
