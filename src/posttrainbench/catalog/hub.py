"""Base models, and their instruct counterparts, from the Hugging Face hub.

A model is kept as a folder of regular files (a sandbox mounts the folder alone, where the hub
client's symlinks would lead nowhere) under ``<cache>/models/<key>/<revision>/``.  ``source.json``
beside it is written last and names the revision and the content hash: without it the folder is an
interrupted download, which the next call continues.

The revisions of the catalogue's models are pinned here; a commit of the hub names the content of
every file.  A model without a pin is taken at the revision that the hub has now, and recorded.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path

from pydantic import ValidationError

from ..errors import DataError, MissingRequirementError, PTBError, SpecError, SubmissionError
from ..records import Source, write_json
from ..records.files import storage_error
from ..records.hashing import model_hash
from ..units import format_size
from .entries import ModelEntry
from .facts import model_facts
from .models import FetchedModel, Progress
from .sources import hub_endpoint, hub_reachable, offline_switch, quiet_bars, refuses_access

REVISIONS = {
    "Qwen/Qwen3-1.7B-Base": "ea980cb0a6c2ae4b936e82123acc929f1cec04c1",
    "Qwen/Qwen3-1.7B": "70d244cc86ccca08cf5af4e1e306ecf908b1ad5e",
    "Qwen/Qwen3-4B-Base": "906bfd4b4dc7f14ee4320094d8b41684abff8539",
    "Qwen/Qwen3-4B": "1cfa9a7208912126459214e8b04321603b3df60c",
    "HuggingFaceTB/SmolLM3-3B-Base": "d78a42f79198603e614095753484a04c10c2b940",
    "HuggingFaceTB/SmolLM3-3B": "a07cc9a04f16550a088caea529712d1d335b0ac1",
    "google/gemma-3-4b-pt": "cc012e0a6d0787b4adcc0fa2c4da74402494554d",
    "google/gemma-3-4b-it": "093f9f388b31de276ce2de164bdc2081324b9767",
}
"""Pinned commits by repository, as several public projects that use these models name them."""

WANTED = ("*.safetensors", "*.json", "*.jinja", "*.model", "*.txt")
"""Weights, configuration, tokenizer.  Pickled weights and Python files are never taken."""

REPORT_SECONDS = 5.0
REACH_SECONDS = 10.0


class HubModel:
    """A catalogue model whose weights stand on the hub.

    Args:
        entry: the catalogue's facts.
        endpoint: a mirror's address; by default what the hub client is set to (``HF_ENDPOINT``).
        revision: a commit; by default the pinned one, where there is one.
    """

    def __init__(
        self, entry: ModelEntry, *, endpoint: str | None = None, revision: str | None = None
    ) -> None:
        self.entry = entry
        self.revision = revision or REVISIONS.get(entry.base_id)
        self._endpoint = endpoint

    def fetch(self, cache: Path, progress: Progress) -> FetchedModel:
        """The weights: what ``cache`` holds, else from the user's own hub cache, else from the hub.

        What is there already is used without a question to the network, so that all runs of a
        cache start from the same revision; its content is checked against the recorded hash.  A
        kept copy of another revision than the pinned one is left alone, and the pinned one fetched.

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
        if shelf.is_dir() and not os.access(shelf, os.W_OK):  # what a read-only cache has, serves
            kept = self._kept(shelf, progress)
            if kept is not None:
                return kept
        try:
            shelf.mkdir(parents=True, exist_ok=True)
            with WeakFileLock(shelf / ".lock"):
                return self._kept(shelf, progress) or self._take(shelf, progress)
        except OSError as error:
            raise storage_error(shelf, error) from error

    def _kept(self, shelf: Path, progress: Progress) -> FetchedModel | None:
        """What an earlier call completed, after a look at every byte of it."""
        source = kept_source(shelf)
        if source is None:
            return None
        if self.revision not in (None, source.revision):
            progress(
                f"the kept {source.name} is revision {source.revision[:12]}, pinned is "
                f"{str(self.revision)[:12]}: fetching that"
            )
            return None
        folder = shelf / source.revision
        try:
            found = model_hash(folder, progress=progress)
        except SubmissionError as error:
            raise _damaged(shelf, error) from error
        if found != source.sha256:
            raise DataError(
                f"the kept copy of {source.name} in {folder} was changed: its hash is "
                f"{found[:12]}, it was {source.sha256[:12]} when it was fetched",
                advice=f"delete {shelf} to fetch it anew, and find out what wrote there",
            )
        return FetchedModel(folder, source)

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
                self.entry.base_id,
                revision=self.revision,
                local_files_only=True,
                allow_patterns=list(WANTED),
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
        if switch := offline_switch():
            raise _offline(name, self.revision, switch)
        endpoint = self._endpoint or hub_endpoint()
        if not hub_reachable(REACH_SECONDS, endpoint):  # the client would retry for 23 s
            raise DataError(
                f"{name} cannot be downloaded: {endpoint} is out of reach",
                advice="check the network or set HF_ENDPOINT to a mirror",
            )
        try:
            revision: str = self.revision or HfApi(endpoint=self._endpoint).model_info(name).sha
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
            raise _refused(name, self.revision, error) from error
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


def kept_source(shelf: Path) -> Source | None:
    """What ``source.json`` says of a model's folder in the cache; ``None``: nothing whole there.

    Raises:
        DataError: the file is damaged.
    """
    marker = shelf / "source.json"
    if not marker.is_file():
        return None
    try:
        return Source.model_validate_json(marker.read_bytes())
    except (OSError, ValidationError) as error:
        raise _damaged(shelf, error) from error


def _damaged(shelf: Path, error: Exception) -> DataError:
    return DataError(
        f"the kept copy in {shelf} is damaged: {error}", advice=f"delete {shelf} and try again"
    )


def _refused(name: str, revision: str | None, error: Exception) -> PTBError:
    from huggingface_hub.errors import OfflineModeIsEnabled

    if refuses_access(error):
        return DataError(
            f"the Hugging Face hub gives no access to {name}",
            advice="some models (Gemma) ask you to accept a licence: do so on the model's page of "
            "the hub, then run `hf auth login` or set HF_TOKEN to a token that may read it",
        )
    if isinstance(error, OfflineModeIsEnabled):
        return _offline(name, revision, "HF_HUB_OFFLINE")
    reason = (str(error).splitlines() or [""])[0][:200]
    return DataError(
        f"{name} cannot be downloaded: {type(error).__name__}: {reason}",
        advice="check the network or set HF_ENDPOINT to a mirror, then start again: the download "
        "goes on where it stopped",
    )


def _offline(name: str, revision: str | None, switch: str) -> DataError:
    command = f"hf download {name}" + (f" --revision {revision}" if revision else "")
    return DataError(
        f"{name} is in no cache here, and {switch} forbids to download it",
        advice=f"run `{command}` where there is a network, or go online here",
    )


@contextmanager
def _reports(folder: Path, name: str, progress: Progress) -> Iterator[None]:
    """Say every few seconds how much has arrived, in place of the hub client's own bars."""
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(REPORT_SECONDS):
            progress(f"downloading {name}: {format_size(folder_size(folder))} so far")

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        with quiet_bars():
            yield
    finally:
        ended.set()
        watcher.join()


def folder_size(folder: Path) -> int:
    """Bytes of all files below a folder, also while others write there."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.lstat().st_size
        except OSError:
            continue  # a partial file that was renamed meanwhile
    return total


def instruct_model(entry: ModelEntry) -> HubModel:
    """The official instruct counterpart, for reference scores; its key is ``<key>-instruct``.

    Raises:
        SpecError: the model has none.
    """
    if entry.instruct_id is None:
        raise SpecError(
            f"{entry.key} has no instruct counterpart", advice="`ptb list models` names them"
        )
    return HubModel(
        entry.model_copy(
            update={
                "key": f"{entry.key}-instruct",
                "title": entry.instruct_id.rpartition("/")[2],
                "base_id": entry.instruct_id,
                "instruct_id": None,
            }
        )
    )


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
