"""Weights: models that are wrapped, changed by others, and saved."""

from __future__ import annotations

from . import Fact, Sources
from .lib_files import write, write_whole
from .machine import Call, Machine
from .registry import ending, named
from .values import Value, absorb, deep, merged

_DEEPEST = 8
"""Of a configuration."""


def weights(machine: Machine, *values: Value | None) -> Sources:
    """The models among the sources."""
    sources = merged(deep(value) for value in values)
    return {n: level for n, level in sources.items() if machine.facts[n].kind == "model"}


def saved(
    machine: Machine, call: Call, path: Value | None, model: Value | None,
    data: list[Value] | None = None, *, what: str = "",
) -> Fact:  # fmt: skip
    """Weights are written."""
    name = what or call.name.lstrip(".")
    fact = machine.fact("save-model", name, call.line, path if path is not None else Value())
    fact.start = merged((fact.start, weights(machine, model)))
    machine.feed(fact, model, *(data or ()))
    return fact


@ending("get_peft_model", "prepare_model_for_kbit_training", "compile", "DistributedDataParallel",
        "FullyShardedDataParallel", "DataParallel", "unwrap_model", "merge_and_unload", "half",
        "eval",
        "cuda", "cpu", "to", "requires_grad_", "float", "bfloat16", "unload", "merge_adapter",
        "gradient_checkpointing_enable", "enable_input_require_grads", "set_format", "for_training",
        "for_inference", "extract_model_from_parallel")  # fmt: skip
def _same(_: Machine, call: Call) -> Value | None:
    """The model itself, wrapped or moved; tensors are treated alike."""
    receiver = call.receiver
    function = receiver is None or (receiver.name and not receiver.name.endswith("()"))
    if function or call.last in ("unwrap_model", "get_peft_model", "extract_model_from_parallel"):
        return call.args[0] if call.args and "." in call.name else None
    return receiver


@ending("save_pretrained", "save_model", "save_checkpoint", "save_pretrained_merged",
        "save_pretrained_gguf", "save_quantized")  # fmt: skip
def _save(machine: Machine, call: Call) -> Value | None:
    receiver = call.receiver
    if receiver is None:
        return None
    path = call.argument(0, "save_directory", "output_dir", "filepath")
    if any(word in receiver.name for word in ("Tokenizer", "Processor", "Config")):
        return write(machine, call, path)
    model = receiver.attributes.get("model", receiver)
    if receiver.name.startswith("safetensors"):
        model, path = call.args[0] if call.args else Value(), call.argument(1, "filename")
    elif receiver.name.startswith("accelerate") and len(call.args) > 1:
        model, path = call.args[0], call.args[1]
    fact = saved(machine, call, path, model)
    if (state := call.named.get("state_dict")) is not None:
        fact.start = merged((fact.start, weights(machine, state)))
        machine.feed(fact, state)
    return Value()


@ending("save_file")
def _save_file(machine: Machine, call: Call) -> Value:
    saved(machine, call, call.argument(1, "filename"), call.argument(0, "tensors", "tensor_dict"))
    return Value()


@named("torch.save")
def _torch_save(machine: Machine, call: Call) -> Value:
    value, path = call.argument(0, "obj"), call.argument(1, "f")
    if weights(machine, value):
        saved(machine, call, path, value)
        return Value()
    return write_whole(machine, call, path, value)


@named("torch.randn", "torch.randn_like", "torch.normal", "numpy.random.randn",
       "numpy.random.normal",
       "numpy.random.standard_normal", "jax.random.normal")  # fmt: skip
def _noise(machine: Machine, call: Call) -> Value:
    return Value(sources=machine.source(machine.fact("noise", call.name, call.line)))


@ending("load_state_dict", "copy_", "lerp_")
def _take_over(machine: Machine, call: Call) -> Value | None:
    """Weights of one model go into another."""
    if call.receiver is None or not call.args:
        return None
    absorb(call.receiver, machine.content(*call.args))
    return call.receiver


@named("mergekit.config.MergeConfiguration.model_validate", "mergekit.config.MergeConfiguration")
def _merge_configuration(_: Machine, call: Call) -> Value | None:
    """The configuration as it stands in a dictionary."""
    return call.args[0] if call.args else Value(entries=dict(call.named)) if call.named else None


def _models_in(value: Value, depth: int) -> list[Value]:
    """The models that a configuration of a merge names."""
    found = []
    for key, part in (value.entries or {}).items():
        if key in ("model", "base_model", "path") and part.entries is None:
            found.append(part)
        elif depth < _DEEPEST:
            found += _models_in(part, depth + 1)
    for part in (value.elements or ()) if depth < _DEEPEST else ():
        found += _models_in(part, depth + 1)
    return found[:100]


@named("mergekit.merge.run_merge", "mergekit.run_merge")
def _mergekit(machine: Machine, call: Call) -> Value:
    path = call.argument(1, "out_path") or Value()
    fact = machine.fact("save-model", call.name, call.line, path, merge="yes")
    machine.feed(fact, *call.everything())
    for value in call.args[:1]:
        for name in _models_in(value, 0):
            model = machine.fact("model", call.name, call.line, name)
            fact.start = merged((fact.start, machine.source(model)))
    machine.miss("mergekit merges by a configuration")
    return Value()
