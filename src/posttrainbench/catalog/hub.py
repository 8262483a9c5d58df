"""Base models from the Hugging Face hub.

A model is kept as a folder of regular files (a sandbox mounts the folder alone, where the hub
client's symlinks would lead nowhere) under ``<cache>/models/<key>/<revision>/``.  ``source.json``
beside it is written last and names the revision and the content hash: without it the folder is an
interrupted download, which the next call continues.
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path

from pydantic import ValidationError

from ..errors import DataError, MissingRequirementError, PTBError, SubmissionError
from ..records import Source, write_json
from ..records.files import storage_error
from ..records.hashing import model_hash
from ..units import format_size
from .entries import ModelEntry
from .facts import model_facts
from .models import FetchedModel, Progress

WANTED = ("*.safetensors", "*.json", "*.jinja", "*.model", "*.txt")
"""Weights, configuration, tokenizer.  Pickled weights and Python files are never taken."""

REPORT_SECONDS = 5.0


class HubModel:
    """A catalogue model whose weights stand on the hub.

    Args:
        entry: the catalogue's facts.
        endpoint: a mirror's address; by default what the hub client is set to (``HF_ENDPOINT``).
    """

    def __init__(self, entry: ModelEntry, *, endpoint: str | None = None) -> None:
        self.entry = entry
        self._endpoint = endpoint

    def fetch(self, cache: Path, progress: Progress) -> FetchedModel:
        """The weights: what ``cache`` holds, else from the user's own hub cache, else from the hub.

        What is there already is used without a question to the network, so that all runs of a
        cache start from the same revision; its content is checked against the recorded hash.

        Raises:
            DataError: the hub refuses or cannot be reached, or the kept files were changed.
            StorageError: the cache cannot be written.
            MissingRequirementError: the hub client is not installed.
        """
        shelf = cache / "models" / self.entry.key
        try:
            from huggingface_hub.utils import WeakFileLock
        except ImportError as error:
            raise MissingRequirementError(
                f"{self.entry.key} comes from the Hugging Face hub, whose client is not installed",
                advice="pip install 'posttrainbench[eval]'",
            ) from error
        try:
            shelf.mkdir(parents=True, exist_ok=True)
            with WeakFileLock(shelf / ".lock"):
                return _kept(shelf, progress) or self._take(shelf, progress)
        except OSError as error:
            raise storage_error(shelf, error) from error

    def _take(self, shelf: Path, progress: Progress) -> FetchedModel:
        folder = self._from_user_cache(shelf, progress) or self._download(shelf, progress)
        shutil.rmtree(folder / ".cache", ignore_errors=True)  # the hub client's book-keeping
        problem = shape_problem(folder)
        if problem:
            raise DataError(
                f"{self.entry.base_id} at {folder}: {problem}",
                advice=f"delete {shelf} and try again; if it stays so, the published model changed",
            )
        source = Source(
            name=self.entry.base_id,
            kind="hub",
            revision=folder.name,
            sha256=model_hash(folder, progress=progress),
        )
        write_json(shelf / "source.json", source)
        return FetchedModel(folder, source)

    def _from_user_cache(self, shelf: Path, progress: Progress) -> Path | None:
        """Copy a complete snapshot that the user's hub cache holds; ``None``: there is none."""
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import LocalEntryNotFoundError

        try:
            found = snapshot_download(
                self.entry.base_id, local_files_only=True, allow_patterns=list(WANTED)
            )
        except LocalEntryNotFoundError:
            return None
        snapshot = Path(found)
        if shape_problem(snapshot):
            return None
        progress(f"copying {self.entry.base_id} from {snapshot}")
        folder = shelf / snapshot.name
        for path in sorted(snapshot.rglob("*")):
            name = path.relative_to(snapshot)
            if path.is_file() and any(fnmatch(name.as_posix(), pattern) for pattern in WANTED):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, folder / name)  # follows the cache's symlinks
        return folder

    def _download(self, shelf: Path, progress: Progress) -> Path:
        from huggingface_hub import HfApi, snapshot_download
        from huggingface_hub.errors import HTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

        name = self.entry.base_id
        try:
            revision: str = HfApi(endpoint=self._endpoint).model_info(name).sha
            folder = shelf / revision
            progress(f"downloading {name}, revision {revision[:12]}, from the Hugging Face hub")
            with _reports(folder, name, progress):
                snapshot_download(
                    name,
                    revision=revision,
                    local_dir=folder,
                    allow_patterns=list(WANTED),
                    endpoint=self._endpoint,
                )
        except (HTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled, ConnectionError) as error:
            raise _refused(name, error) from error
        return folder


def shape_problem(folder: Path) -> str:
    """Why ``folder`` is no whole model in safetensors form; empty when it is one."""
    if not (folder / "config.json").is_file():
        return "config.json is missing"
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return (
            "" if any(folder.glob("*.safetensors")) else "there are no weights in safetensors form"
        )
    try:
        shards = set(json.loads(index.read_bytes())["weight_map"].values())
        missing = sorted(str(shard) for shard in shards if not (folder / shard).is_file())
    except (ValueError, LookupError, TypeError, AttributeError):
        return f"{index.name} is damaged"
    return f"{', '.join(missing)} missing" if missing else ""


def _kept(shelf: Path, progress: Progress) -> FetchedModel | None:
    """What an earlier call completed, after a look at every byte of it."""
    marker = shelf / "source.json"
    if not marker.is_file():
        return None
    try:
        source = Source.model_validate_json(marker.read_bytes())
        found = model_hash(shelf / source.revision, progress=progress)
    except (ValidationError, SubmissionError) as error:
        raise DataError(
            f"the kept copy in {shelf} is damaged: {error}", advice=f"delete {shelf} and try again"
        ) from error
    if found != source.sha256:
        raise DataError(
            f"the kept copy of {source.name} in {shelf / source.revision} was changed: its hash is "
            f"{found[:12]}, it was {source.sha256[:12]} when it was fetched",
            advice=f"delete {shelf} to fetch it anew, and find out what wrote there",
        )
    return FetchedModel(shelf / source.revision, source)


def _refused(name: str, error: Exception) -> PTBError:
    from huggingface_hub.errors import OfflineModeIsEnabled, RepositoryNotFoundError

    if isinstance(error, RepositoryNotFoundError):  # gated repositories included
        return DataError(
            f"the Hugging Face hub gives no access to {name}",
            advice="some models (Gemma) ask you to accept a licence: do so on the model's page of "
            "the hub, then run `hf auth login` or set HF_TOKEN to a token that may read it",
        )
    if isinstance(error, OfflineModeIsEnabled):
        return DataError(
            f"{name} is in no cache here, and HF_HUB_OFFLINE forbids to download it",
            advice=f"run `hf download {name}` where there is a network, or unset HF_HUB_OFFLINE",
        )
    reason = (str(error).splitlines() or [""])[0][:200]
    return DataError(
        f"{name} cannot be downloaded: {type(error).__name__}: {reason}",
        advice="check the network or set HF_ENDPOINT to a mirror, then start again: the download "
        "goes on where it stopped",
    )


@contextmanager
def _reports(folder: Path, name: str, progress: Progress) -> Iterator[None]:
    """Say every few seconds how much has arrived, in place of the hub client's own bars."""
    from huggingface_hub.utils import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(REPORT_SECONDS):
            progress(f"downloading {name}: {format_size(_size(folder))} so far")

    watcher = threading.Thread(target=watch, daemon=True)
    bars = not are_progress_bars_disabled()
    if bars:
        disable_progress_bars()
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
        if bars:
            enable_progress_bars()


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.lstat().st_size
        except OSError:
            continue  # a partial file that was renamed meanwhile
    return total


def qwen3_1_7b() -> HubModel:
    """Qwen3-1.7B-Base."""
    return HubModel(model_facts("qwen3-1.7b"))


def qwen3_4b() -> HubModel:
    """Qwen3-4B-Base."""
    return HubModel(model_facts("qwen3-4b"))


def smollm3_3b() -> HubModel:
    """SmolLM3-3B-Base."""
    return HubModel(model_facts("smollm3-3b"))


def gemma_3_4b() -> HubModel:
    """Gemma-3-4B-PT, whose licence must be accepted on the hub first."""
    return HubModel(model_facts("gemma-3-4b"))
