"""Trainers that are started by name, with options or with a configuration file."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from .. import Case
from ..code import Level
from ..code.folding import split_names
from ..code.lib_documents import parse_json, parse_yaml
from ..code.splits import part_named, splits_named
from ..deeds.files import Written, written
from ..deeds.places import on_disk, ours
from ..files.documents import DocumentError, read_bounded
from ..files.opening import open_below
from .acts import Ran
from .graph import Sink, Step
from .naming import hub_node, is_hub_id, part_node, path_node, split_in
from .settings import configurations, flattened, options
from .starts import started

_LARGEST = 400_000
_MODULES = {
    "axolotl.cli.train": "axolotl", "axolotl.cli.main": "axolotl",
    "llamafactory.cli": "llamafactory-cli",
    "llamafactory.launcher": "llamafactory-cli", "trl.cli": "trl", "swift.cli.sft": "swift",
    "trl.scripts.sft": "trl", "trl.scripts.dpo": "trl", "trl.scripts.grpo": "trl",
    "verl.trainer.main_ppo": "verl", "verl.trainer.fsdp_sft_trainer": "verl",
    "verl.trainer.sft_trainer": "verl",
    "openrlhf.cli.train_sft": "openrlhf", "openrlhf.cli.train_dpo": "openrlhf",
    "openrlhf.cli.train_kto": "openrlhf", "openrlhf.cli.train_ppo_ray": "openrlhf",
}  # fmt: skip
_MODEL_KEYS = (
    "base_model", "model_name_or_path", "model", "pretrained_model_name_or_path",
    "actor_rollout_ref.model.path", "model.partial_pretrain", "pretrain",
    "checkpointer.checkpoint_dir",
)  # fmt: skip
_FOLDER_KEYS = (
    "output_dir", "out_dir", "export_dir", "save_path", "trainer.default_local_dir",
    "checkpointer.output_dir", "project_name",
)  # fmt: skip
_DATA_KEYS = (
    "dataset", "dataset_name", "data", "train_file", "data_files", "data_path", "data.train_files",
    "data.json_path", "prompt_data",
)  # fmt: skip
_ROWS = {
    "tune": ("dataset.source", "dataset.split", "dataset.data_files"),
    "autotrain": ("data.path", "data.train_split", ""),
}
"""Where a trainer's configuration names data, its split, and its files."""
_BUILDERS = ("json", "jsonl", "csv", "parquet", "text", "arrow")


class Trainers:
    """Sinks and steps of trainers' own programs."""

    def __init__(self, case: Case, ran: list[Ran]) -> None:
        self.case, self.ran = case, ran
        self.steps: list[Step] = []
        self.sinks: list[Sink] = []
        self.holes: list[str] = []
        self._written: dict[str, Written] | None = None
        for entry in ran:
            name = self._trainer(entry)
            if name is not None:
                try:
                    self._read(name, entry)
                except Exception as error:  # one hostile configuration must not hide the others
                    self._miss(entry, f"reading {name}'s settings failed: {type(error).__name__}")

    def _trainer(self, entry: Ran) -> str | None:
        command = entry.command
        begun = started(command)
        if begun is not None and begun.module:
            return _MODULES.get(begun.module)
        name = command.name
        first = next((word for word in command.argv[1:] if not word.startswith("-")), "")
        if name in ("axolotl", "llamafactory-cli", "llamafactory"):
            return name if first in ("train", "export", "merge-lora", "sft") else None
        if name == "trl" and first in ("sft", "dpo", "grpo", "kto", "reward", "rloo"):
            return name
        if name == "litgpt" and first.startswith(("finetune", "pretrain")):
            return name
        if name == "swift" and first in ("sft", "pt", "rlhf"):
            return name
        if name in ("mergekit-yaml", "mergekit", "mergekit-moe", "xtuner", "mlx_lm.lora"):
            return name
        if name == "tune" and first == "run":
            return name
        if name == "autotrain" and first not in ("", "setup", "app", "api", "tools"):
            return name
        return None

    def _read(self, name: str, entry: Ran) -> None:
        argv = entry.command.argv
        config: dict[str, Any] = {}
        for word in configurations(argv):
            document = self.document(path_node(word, entry.command.cwd, self.case.places))
            if isinstance(document, dict):
                config |= flattened(document)
            elif name != "tune" or word.endswith((".yaml", ".yml")):
                self._miss(entry, f"the configuration {word} could not be read")
        config |= options(argv)
        if name.startswith("mergekit"):
            self._merge(entry, config)
        else:
            self._train(name, entry, config)

    def _train(self, name: str, entry: Ran, config: Mapping[str, Any]) -> None:
        model = next((str(config[key]) for key in _MODEL_KEYS if config.get(key)), "")
        data = dict(self._data(name, entry, config))
        sure = Level.SURE if entry.told else Level.MAYBE
        start = {self._model(entry, model): sure} if model else {}
        self.sinks.append(
            Sink(
                place=entry.place,
                what=name,
                data={node: min(level, sure) for node, level in data.items()},
                start=start,
                rewards={},
                ran=True if entry.told else None,
                told=bool(data),
                quote=entry.quote,
            )
        )
        if not data:
            self._miss(entry, f"what {name} trains on is not known")
        for key in _FOLDER_KEYS:
            if config.get(key) and model:
                to = path_node(str(config[key]), entry.command.cwd, self.case.places)
                source = self._model(entry, model)
                self.steps.append(Step(source, to, sure, entry.place, "weights", entry.quote))

    def _data(
        self, name: str, entry: Ran, config: Mapping[str, Any]
    ) -> Iterator[tuple[str, Level]]:
        listed = config.get("datasets")
        if isinstance(listed, list):
            for row in listed[:100]:
                if isinstance(row, dict) and row.get("path"):
                    yield from self._one(entry, row)
                elif isinstance(row, str):
                    yield from self._one(entry, {"path": row})
        yield from self._by_name(name, entry, config)
        for key in _DATA_KEYS:
            value = config.get(key)
            words = value.strip("[]").split(",") if isinstance(value, str) else value
            for word in words if isinstance(words, list) else []:
                if not isinstance(word, str):
                    continue
                if name.startswith("llamafactory") and key == "dataset":
                    yield from self._registered(entry, config, word.strip())
                else:
                    split = config.get("dataset_train_split") or config.get("train_split")
                    yield from self._one(entry, {"path": word.strip(" '\""), "split": split})

    def _by_name(
        self, name: str, entry: Ran, config: Mapping[str, Any]
    ) -> Iterator[tuple[str, Level]]:
        """Data where only this trainer's configuration names it."""
        path, split, files = _ROWS.get(name, ("", "", ""))
        rows = config.get("dataset") if name == "tune" else None
        for row in rows[:100] if isinstance(rows, list) else []:
            if isinstance(row, dict) and row.get("source"):
                yield from self._one(entry, {**row, "path": row["source"]})
        if isinstance(config.get(path), str):
            row = {"path": config[path], "split": config.get(split)}
            yield from self._one(entry, {**row, "data_files": config.get(files)})

    def _one(self, entry: Ran, row: Mapping[str, Any]) -> Iterator[tuple[str, Level]]:
        """A data set of a configuration: a hub's, or files."""
        path, files = str(row["path"]), row.get("data_files")
        if path in _BUILDERS and files:
            named = files.strip("[]").split(",") if isinstance(files, str) else files
            if isinstance(named, dict):
                named = named.get(str(row.get("split") or "train"))
                named = [named] if isinstance(named, str) else named
            for file in named[:100] if isinstance(named, list) else []:
                word = str(file).strip(" '\"")
                yield path_node(word, entry.command.cwd, self.case.places), Level.SURE
            return
        local = path.endswith((".json", ".jsonl", ".parquet", ".csv", ".txt", ".arrow"))
        if not local and is_hub_id(path) and not self._is_there(entry, path):
            told = str(row.get("split") or split_in(str(files or "")) or "train")
            for split in split_names(told):
                yield hub_node(path, split), Level.SURE
            return
        node = path_node(path, entry.command.cwd, self.case.places)
        if "." not in posixpath.basename(path):  # a folder: what lies there is found by its splits
            words = splits_named(str(row.get("split") or "train"))
            node = part_node(node, part_named(words))
        yield node, Level.SURE

    def _registered(
        self, entry: Ran, config: Mapping[str, Any], name: str
    ) -> Iterator[tuple[str, Level]]:
        """A data set by its name in LLaMA-Factory's list."""
        folder = str(config.get("dataset_dir") or "data")
        node = path_node(
            posixpath.join(folder, "dataset_info.json"), entry.command.cwd, self.case.places
        )
        listed = self.document(node)
        row = listed.get(name) if isinstance(listed, dict) else None
        if not isinstance(row, dict):
            self._miss(entry, f"the data set {name} is not described")
            return
        if row.get("file_name"):
            file = posixpath.join(folder, str(row["file_name"]))
            yield path_node(file, entry.command.cwd, self.case.places), Level.SURE
        elif row.get("hf_hub_url"):
            yield from self._one(entry, {"path": row["hf_hub_url"], "split": row.get("split")})

    def _is_there(self, entry: Ran, path: str) -> bool:
        """Whether a folder of this name lies on the agent's disk."""
        node = ours(path, entry.command.cwd, self.case.places)
        found = on_disk(node, self.case.workspace, self.case.scratch)
        return found is not None and os.path.lexists(found)

    def _merge(self, entry: Ran, config: Mapping[str, Any]) -> None:
        """mergekit: every model that is named anywhere goes into the output."""
        words = [
            w for w in entry.command.argv[1:] if w[:1] != "-" and not w.endswith((".yml", ".yaml"))
        ]
        if not words:
            return
        to = path_node(words[0], entry.command.cwd, self.case.places)
        sure = Level.SURE if entry.told else Level.MAYBE
        for name in sorted(_named(config, "model", "base_model")):
            source = self._model(entry, name)
            self.steps.append(Step(source, to, sure, entry.place, "weights", entry.quote))

    def _model(self, entry: Ran, name: str) -> str:
        if is_hub_id(name) and not self._is_there(entry, name):
            return f"hub-model:{name}"
        return path_node(name, entry.command.cwd, self.case.places)

    def _miss(self, entry: Ran, why: str) -> None:
        self.holes.append(f"{entry.place.file}:{entry.place.line}: {why}")

    def document(self, node: str) -> Any:
        """A configuration by its name in evidence: from the disk, else as the trace tells it."""
        text = self._text(node)
        if text is None:
            return None
        if node.endswith(".json"):
            return parse_json(text)
        return parse_yaml(text)

    def _text(self, node: str) -> str | None:
        root, _, rest = node.partition("/")
        folder = {"workspace": self.case.workspace, "scratch": self.case.scratch}.get(root)
        if folder is not None and rest:
            try:
                descriptor = open_below(folder, rest)
            except OSError:
                descriptor = -1
            if descriptor >= 0:
                try:
                    return read_bounded(descriptor, _LARGEST).decode("utf-8", "replace")
                except DocumentError:
                    return None
                finally:
                    os.close(descriptor)
        if self._written is None:
            case = self.case
            told = written(case.deeds, case.workspace, case.scratch, case.places)
            self._written = {entry.path: entry for entry in told if entry.content is not None}
        entry = self._written.get(node)
        return entry.content[:_LARGEST] if entry is not None and entry.content else None


def _named(document: Any, *keys: str) -> set[str]:
    """Texts under some keys, anywhere in a document."""
    found: set[str] = set()
    pending, seen = [document], 0
    while pending and seen < 5000:
        node = pending.pop()
        seen += 1
        if isinstance(node, dict):
            for key, value in node.items():
                if key in keys and isinstance(value, str):
                    found.add(value)
                pending.append(value)
        elif isinstance(node, list):
            pending += node
    return found
