"""What an engine gets to see of a model folder that an agent wrote.

A folder of links to the weights and the tokenizer, and of config files that are rewritten without
everything that could bring in code or change the protocol.  The submission's chat template, its
generation config, pickled weights and Python files are simply not there.  Tokenizer files that the
submission lacks are taken from the base model, and named.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ...errors import DataError

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"
PROCESSOR_FILES = ("preprocessor_config.json", "processor_config.json")

_VOCABULARIES = (("tokenizer.json",), ("tokenizer.model",), ("vocab.json", "merges.txt"))
_TOKENIZER_CONFIG = "tokenizer_config.json"
_TOKENIZER_FILES = (
    "tokenizer.json", "tokenizer.model", "vocab.json", "merges.txt", _TOKENIZER_CONFIG,
    "special_tokens_map.json", "added_tokens.json",
)  # fmt: skip
_STRIPPED = {
    "auto_map", "custom_pipelines", "chat_template", "attn_implementation",
    "_attn_implementation", "_attn_implementation_internal", "_attn_implementation_autoset",
    "experts_implementation", "_experts_implementation", "transformers_weights",
}  # fmt: skip
_MAX_JSON = 64_000_000
_ADVICE = "a model folder holds config.json, model.safetensors and tokenizer.json, as written by"
ADVICE = f"{_ADVICE} save_pretrained() of a model and its tokenizer"


_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class ModelView:
    """A folder to load from, and the files in it that are the base model's."""

    folder: Path
    side_files_restored: tuple[str, ...]


@contextmanager
def model_view(model: Path, base: Path | None = None) -> Iterator[ModelView]:
    """Lay out what may be loaded of ``model``; the view is gone when the context is left.

    Args:
        base: the base model's folder, for side files that ``model`` lacks.

    Raises:
        DataError: the folder holds no model, or one of its JSON files is damaged.
    """
    _require_model(model)
    with tempfile.TemporaryDirectory(prefix="ptb-view-") as name:
        view = Path(name)
        _rewrite(model / "config.json", view, _architectures(model, base))
        for shard in _weights(model, view):
            (view / shard).symlink_to((model / shard).resolve())
        restored = _tokenizer(model, base, view)
        for side in PROCESSOR_FILES:
            if (model / side).is_file():
                _rewrite(model / side, view)
            elif base is not None and (base / side).is_file():
                _rewrite(base / side, view)
                restored.append(side)
        yield ModelView(view, tuple(restored))


def _require_model(model: Path) -> None:
    if not model.is_dir():
        what = "is no folder" if model.exists() else "does not exist"
        raise DataError(f"{model} {what}", advice=ADVICE)
    missing = [] if (model / "config.json").is_file() else ["config.json"]
    if not (model / SINGLE).is_file() and not (model / INDEX).is_file():
        missing.append(SINGLE)
    if missing:
        found = sorted(entry.name for entry in model.iterdir())[:8]
        listing = ", ".join(repr(entry) for entry in found) or "nothing"
        raise DataError(
            f"{model} is no model folder: {' and '.join(missing)} missing, found {listing}",
            advice=ADVICE,
        )


def _weights(model: Path, view: Path) -> list[str]:
    """Names of the weight files; each stands directly in the folder."""
    if (model / SINGLE).is_file():
        return [SINGLE]
    index = _read(model / INDEX)
    mapping = index.get("weight_map")
    shards = set(mapping.values()) if isinstance(mapping, dict) and mapping else set()
    for shard in shards or {None}:
        if not isinstance(shard, str) or Path(shard).name != shard:
            raise DataError(f"{model / INDEX} has no usable weight_map", advice=ADVICE)
        if not shard.endswith(".safetensors") or not (model / shard).is_file():
            raise DataError(f"{model} lacks the weight file {shard!r}", advice=ADVICE)
    _rewrite(model / INDEX, view)
    return sorted(shards)


def _tokenizer(model: Path, base: Path | None, view: Path) -> list[str]:
    own = any(all((model / name).is_file() for name in names) for names in _VOCABULARIES)
    if not own and base is None:
        raise DataError(f"{model} has no tokenizer: tokenizer.json is missing", advice=ADVICE)
    restored = []
    for name in _TOKENIZER_FILES:
        source = model / name
        absent = not source.is_file() and name == _TOKENIZER_CONFIG
        if base is not None and (not own or absent):
            source = base / name
            if source.is_file():
                restored.append(name)
        if not source.is_file():
            continue
        if name == _TOKENIZER_CONFIG:
            _rewrite(source, view)
        else:
            (view / name).symlink_to(source.resolve())
    return restored


def _architectures(model: Path, base: Path | None) -> dict[str, Any]:
    """What a submission cannot choose: the class that its weights are loaded into."""
    if base is None or not (base / "config.json").is_file():
        return {}
    ours, theirs = _read(base / "config.json"), _read(model / "config.json")
    names = ours.get("architectures")
    if not names:
        return {}
    if theirs.get("model_type") != ours.get("model_type"):  # the text part of a multimodal base
        names = [str(name).replace("ForConditionalGeneration", "ForCausalLM") for name in names]
    return {"architectures": names}


def _rewrite(source: Path, view: Path, fixed: Mapping[str, Any] = _NOTHING) -> None:
    content = {**_stripped(_read(source)), **fixed}
    for key, part in content.items():
        if isinstance(part, dict):  # a multimodal model's config holds one for each part
            content[key] = _stripped(part)
    try:
        text = json.dumps(content)
    except RecursionError as error:
        raise DataError(f"{source} is nested too deeply", advice=ADVICE) from error
    (view / source.name).write_text(text, encoding="utf-8")


def _stripped(content: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in content.items() if key not in _STRIPPED}


def _read(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > _MAX_JSON:
            raise DataError(f"{file} is larger than {_MAX_JSON} bytes", advice=ADVICE)
        content = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{file} is damaged: {error}", advice=ADVICE) from error
    if not isinstance(content, dict):
        raise DataError(f"{file} is no JSON object", advice=ADVICE)
    return content
