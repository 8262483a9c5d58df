"""Answers of a grader, kept by content, so that a resumed evaluation never pays twice.

One JSON file an answer.  Its name is the hash of everything that decides the answer: the model's
name, the messages, the settings that are sent, and which try it was.  Where the model is served is
not part of it.  A damaged file counts as absent.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from ..records import now, temporary_beside
from ..records.files import storage_error
from ..spec import Frozen

_LARGEST = 4_000_000
_FORM = "grader-answer/1"


class KeptAnswer(Frozen):
    """One answer that was paid for."""

    schema_version: Literal["grader-answer/1"] = "grader-answer/1"
    model: str
    text: str
    stop_reason: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    at: str = ""


class GraderCache:
    """A folder of answers; ``None`` keeps nothing."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    @staticmethod
    def key(
        model: str,
        messages: Sequence[tuple[str, str]],
        settings: dict[str, Any],
        number: int,
    ) -> str:
        """The hash of a request.

        Args:
            messages: role and text of each.
            settings: what is sent beside them, such as the reasoning effort.
            number: which try at a verdict this is.
        """
        content = json.dumps(
            [_FORM, model, [list(message) for message in messages], settings, number],
            sort_keys=True,
        )
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()

    def get(self, key: str) -> KeptAnswer | None:
        """The kept answer, or ``None``."""
        if self._folder is None:
            return None
        try:
            with self._file(key).open("rb") as file:
                content = file.read(_LARGEST + 1)
            return KeptAnswer.model_validate_json(content)
        except (OSError, ValidationError):
            return None

    def put(self, key: str, answer: KeptAnswer) -> None:
        """Keep an answer.

        Not forced to the disk: after a power cut such a file is damaged at worst, and thousands of
        forced writes would hold up everything else.

        Raises:
            StorageError: the folder cannot be written.
        """
        if self._folder is None:
            return
        file = self._file(key)
        content = json.dumps({**answer.model_dump(), "at": now()}) + "\n"
        temporary = temporary_beside(file)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(content, encoding="utf-8")
            temporary.replace(file)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise storage_error(file, error) from error

    def _file(self, key: str) -> Path:
        folder = self._folder or Path()
        return folder / key[:2] / f"{key}.json"
