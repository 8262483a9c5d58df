"""What differs between the small files of submission and base: configuration and tokenizer.

None of it has an effect on what decides a score: the family comes from the catalogue, the chat
template is our own, sampling is resolved by our own reader.  It is evidence all the same.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...records import Evidence, Finding
from ..files.documents import DocumentError, load_json, read_bounded
from ..files.opening import FILE
from ..files.quoting import quote, safe_name
from ..policy import finding

_CONFIGS = ("config.json", "generation_config.json")
_TOKENIZER = (
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
    "chat_template.jinja", "chat_template.json", "vocab.json", "merges.txt", "tokenizer.model",
    "vocab.txt", "spiece.model",
)  # fmt: skip
_LARGEST = 48_000_000
"""Bytes of a file that is parsed; Gemma's tokenizer.json has 33 MB."""
_NOISE = frozenset({
    "transformers_version", "_name_or_path", "torch_dtype", "dtype", "use_cache", "auto_map",
    "_commit_hash", "_attn_implementation",
})  # fmt: skip
"""Keys that libraries write as they please."""
_ABSENT = object()


def compare_files(base: Path, model: Path, check: str) -> list[Finding]:
    """Findings about changed configuration and tokenizer files; both inform.

    Args:
        base: the base model's folder.
        model: our copy of the submission.
        check: the name of the check that reports it.
    """
    found = []
    for kind, names, what in (
        ("config-changed", _CONFIGS, "configuration"),
        ("tokenizer-changed", _TOKENIZER, "tokenizer"),
    ):
        changes = [
            (name, change) for name in names for change in _changes(base / name, model / name)
        ]
        if changes:
            places = [Evidence(file=f"submission/{n}", quote=quote(c)) for n, c in changes]
            first = "; ".join(quote(change, 100) for _, change in changes[:3])
            more = f" and {len(changes) - 3} more" if len(changes) > 3 else ""
            summary = f"the {what} differs from the base model's: {first}{more}"
            found.append(finding(check, kind, summary, places, {"changes": len(changes)}))
    return found


def _changes(ours: Path, theirs: Path) -> Iterator[str]:
    """Differences of one file, in words."""
    if not os.path.lexists(theirs):
        return
    if not os.path.lexists(ours):
        yield f"{theirs.name} is new"
        return
    if _digest(ours.resolve()) == _digest(theirs):
        return
    if theirs.suffix != ".json":
        yield f"{theirs.name} has other content"
        return
    try:
        one, other = _load(ours.resolve()), _load(theirs)
    except DocumentError as error:
        yield f"{theirs.name} cannot be compared: {error}"
        return
    if theirs.name == "tokenizer.json":
        yield from _tokenizer_changes(one, other)
        return
    before, after = _flat(_modern(one)), _flat(_modern(other))
    for key in sorted(before.keys() | after.keys()):
        if key.rpartition(".")[2] not in _NOISE:
            old, new = before.get(key, _ABSENT), after.get(key, _ABSENT)
            if old is not _ABSENT and new is not _ABSENT:
                if old != new:
                    yield f"{key}: {_shown(old)} became {_shown(new)}"
            elif new is _ABSENT and old not in (None, False):
                yield f"{key}: {_shown(old)} is gone"
            elif old is _ABSENT and new not in (None, False):
                yield f"{key}: {_shown(new)} is new"


def _tokenizer_changes(one: Any, other: Any) -> Iterator[str]:
    """Of ``tokenizer.json``: vocabulary and added tokens by content, the other parts as wholes."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        yield "tokenizer.json is no object"
        return
    before, after = _added(one), _added(other)
    for token in sorted(after.keys() - before.keys(), key=str):
        yield f"added token {_shown(after[token])} ({token}) is new"
    for token in sorted(before.keys() - after.keys(), key=str):
        yield f"added token {_shown(before[token])} ({token}) is gone"
    for token in sorted(before.keys() & after.keys(), key=str):
        if before[token] != after[token]:
            yield f"added token {token}: {_shown(before[token])} became {_shown(after[token])}"
    ours, theirs = (d["model"] if isinstance(d.get("model"), dict) else {} for d in (one, other))
    for key in ("vocab", "merges"):
        old, new = ours.get(key), theirs.get(key)
        if key == "merges":
            old, new = _merges(old), _merges(new)
        if old != new:
            sizes = [len(x) if isinstance(x, dict | list) else 0 for x in (old, new)]
            yield f"tokenizer.json: {key} differs ({sizes[0]} and {sizes[1]} entries)"
    for key in ("normalizer", "pre_tokenizer", "post_processor", "decoder"):
        if one.get(key) != other.get(key):
            yield f"tokenizer.json: {key} {_shown(one.get(key))} became {_shown(other.get(key))}"


def _added(document: Mapping[str, Any]) -> dict[Any, Any]:
    """Content of the added tokens by id."""
    tokens = document.get("added_tokens")
    return {
        str(token.get("id")): token.get("content")
        for token in (tokens if isinstance(tokens, list) else [])
        if isinstance(token, dict)
    }


def _merges(merges: Any) -> Any:
    """Both forms of writing merges, ``"a b"`` and ``["a", "b"]``, as one."""
    if not isinstance(merges, list):
        return merges
    return [
        " ".join(map(str, merge)) if isinstance(merge, list) else str(merge) for merge in merges
    ]


def _modern(document: Any) -> Any:
    """The position settings in the place where newer libraries write them."""
    if not isinstance(document, dict):
        return document
    made = {
        key: value if key == "rope_parameters" else _modern(value)
        for key, value in document.items()
    }
    if "rope_parameters" not in made and ("rope_theta" in made or "rope_scaling" in made):
        scaling = made.pop("rope_scaling", None)
        rope = dict(scaling) if isinstance(scaling, dict) else {}
        rope.setdefault("rope_type", rope.pop("type", "default"))
        if "rope_theta" in made:
            rope["rope_theta"] = made.pop("rope_theta")
        made["rope_parameters"] = rope
    return made


def _flat(document: Any, prefix: str = "") -> dict[str, Any]:
    """Leaves by dotted key; lists are leaves."""
    if not isinstance(document, dict):
        return {prefix.rstrip("."): document}
    found: dict[str, Any] = {}
    for key, value in document.items():
        if isinstance(value, dict) and value:
            found |= _flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return quote(safe_name(text[:200]), 80)


def _load(path: Path) -> Any:
    try:
        descriptor = os.open(path, FILE)
    except OSError as error:
        raise DocumentError(error.strerror or "it cannot be opened") from None
    try:
        return load_json(descriptor, limit=_LARGEST)
    finally:
        os.close(descriptor)


def _digest(path: Path) -> str:
    try:
        descriptor = os.open(path, FILE)
        try:
            return hashlib.sha256(read_bounded(descriptor, _LARGEST)).hexdigest()
        finally:
            os.close(descriptor)
    except (OSError, DocumentError):
        return str(path)
