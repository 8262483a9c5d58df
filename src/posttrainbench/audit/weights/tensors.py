"""The tensors of a model folder: which files hold them, and their bytes without a loader."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from ...errors import SubmissionError
from ..files.documents import DocumentError, load_json
from ..files.opening import FILE
from ..files.quoting import shown_name
from .names import canonical, is_buffer
from .safetensors_header import Tensor, read_header

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
INDEX_LIMIT = 32_000_000


@dataclass(frozen=True, slots=True)
class Stored:
    """One tensor of a model: its description and the open file that it lies in."""

    tensor: Tensor
    descriptor: int


class ModelTensors:
    """A model folder's tensors, by canonical name; a context manager that holds the files open.

    Args:
        folder: the model.
        trusted: follow symlinks (a cache of ours may consist of them); never for a submission.

    Raises:
        SubmissionError: no weights, a broken index, a corrupt file, or two tensors of one name.
    """

    def __init__(self, folder: Path, *, trusted: bool = False) -> None:
        self._folder = folder
        self._trusted = trusted
        self._flags = FILE & ~os.O_NOFOLLOW if trusted else FILE
        self._descriptors: list[int] = []
        self.tensors: dict[str, Stored] = {}
        try:
            self._load()
        except BaseException:
            self.close()
            raise

    @classmethod
    def of_files(cls, files: Sequence[tuple[str, int]]) -> ModelTensors:
        """The tensors of open safetensors files, wherever they lie.

        Args:
            files: (name for messages, descriptor); the descriptors are closed with this object.

        Raises:
            SubmissionError: a file is corrupt, or two hold the same parameter.
        """
        model = cls.__new__(cls)
        model._folder, model._trusted, model._flags = Path(), False, FILE
        model._descriptors, model.tensors = [descriptor for _, descriptor in files], {}
        try:
            for label, descriptor in files:
                for tensor in read_header(descriptor, label).values():
                    model._add(Stored(tensor, descriptor))
        except BaseException:
            model.close()
            raise
        return model

    def __enter__(self) -> ModelTensors:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the files."""
        while self._descriptors:
            os.close(self._descriptors.pop())

    def chunks(self, name: str, chunk: int) -> Iterator[bytes]:
        """The bytes of a tensor, in pieces of ``chunk``; the last one may be shorter."""
        size = self.tensors[name].tensor.size
        for start in range(0, size, chunk):
            yield self.read(name, start, min(chunk, size - start))

    def read(self, name: str, start: int, count: int) -> bytes:
        """``count`` bytes of a tensor from its byte ``start``.

        Raises:
            SubmissionError: the file ended early (``unreadable``).
        """
        stored = self.tensors[name]
        position = stored.tensor.begin + start
        data = os.pread(stored.descriptor, count, position)
        while len(data) < count:
            more = os.pread(stored.descriptor, count - len(data), position + len(data))
            if not more:
                raise SubmissionError("unreadable", f"{shown_name(name)} ends early")
            data += more
        return data

    def read_into(self, name: str, start: int, target: memoryview) -> None:
        """Fill ``target`` with bytes of a tensor from its byte ``start``.

        Raises:
            SubmissionError: the file ended early (``unreadable``).
        """
        stored = self.tensors[name]
        done = 0
        while done < len(target):
            count = os.preadv(
                stored.descriptor, [target[done:]], stored.tensor.begin + start + done
            )
            if not count:
                raise SubmissionError("unreadable", f"{shown_name(name)} ends early")
            done += count

    def _load(self) -> None:
        mapping = None
        if _exists(self._folder / SINGLE):
            files = [SINGLE]
        else:
            mapping = self._index()
            files = sorted(set(mapping.values()))
        places: dict[str, str] = {}
        for file in files:
            descriptor = self._open(file)
            for name, tensor in read_header(descriptor, file).items():
                if name in places:
                    raise SubmissionError(
                        "index-broken",
                        f"{shown_name(name)} stands in {shown_name(places[name])} "
                        f"and in {shown_name(file)}",
                    )
                places[name] = file
                self._add(Stored(tensor, descriptor))
        if mapping is not None and places != mapping and not self._trusted:
            odd = sorted(set(places.items()) ^ set(mapping.items()))[0][0]
            raise SubmissionError(
                "index-broken", f"{INDEX} and its files disagree about {shown_name(odd)}"
            )

    def _add(self, stored: Stored) -> None:
        name = canonical(stored.tensor.name)
        if is_buffer(name):
            return
        if name in self.tensors:
            other = self.tensors[name].tensor.name
            raise SubmissionError(
                "architecture",
                f"{shown_name(other)} and {shown_name(stored.tensor.name)} are the same parameter",
            )
        self.tensors[name] = stored

    def _open(self, file: str) -> int:
        try:
            descriptor = os.open(self._folder / file, self._flags)
        except OSError as error:
            raise SubmissionError(
                "weights-missing",
                f"{shown_name(file)} cannot be opened: {error.strerror}",
                advice="save the whole model with save_pretrained",
            ) from error
        self._descriptors.append(descriptor)
        return descriptor

    def _index(self) -> dict[str, str]:
        path = self._folder / INDEX
        if not _exists(path):
            raise SubmissionError(
                "weights-missing",
                f"there is neither {SINGLE} nor {INDEX}",
                advice="save the whole model with save_pretrained",
            )
        return read_index(self._open(INDEX))


def read_index(descriptor: int) -> dict[str, str]:
    """File by tensor from an open ``model.safetensors.index.json``.

    Raises:
        SubmissionError: ``index-broken``: no such map, or it names something outside the folder.
    """
    try:
        document = load_json(descriptor, limit=INDEX_LIMIT)
    except DocumentError as error:
        raise SubmissionError("index-broken", f"{INDEX} cannot be used: {error}") from None
    mapping = document.get("weight_map") if isinstance(document, dict) else None
    if not isinstance(mapping, dict) or not mapping:
        raise SubmissionError("index-broken", f"{INDEX} has no weight_map")
    for name, file in mapping.items():
        if not isinstance(file, str) or not is_shard_name(file):
            raise SubmissionError(
                "index-broken",
                f"{INDEX} places {shown_name(str(name))} in {shown_name(str(file))}, "
                "which is no safetensors file of the folder",
            )
    return mapping


def is_shard_name(file: str) -> bool:
    """Whether this is the plain name of a safetensors file: no folder, no control character."""
    return file.endswith(".safetensors") and "/" not in file and file.isprintable()


def _exists(path: Path) -> bool:
    return os.path.lexists(path)
