"""Training: trainers, plain loops, frameworks."""

from __future__ import annotations

from . import Level, Sources
from .lib_hub import loaded
from .lib_weights import saved, weights
from .machine import Call, Machine
from .registry import ending, named
from .values import UNKNOWN, Value, deep, lowered, merged

_TRAINERS = (
    "SFTTrainer", "DPOTrainer", "GRPOTrainer", "PPOTrainer", "RLOOTrainer", "ORPOTrainer",
    "KTOTrainer",
    "CPOTrainer", "GKDTrainer", "OnlineDPOTrainer", "RewardTrainer", "PRMTrainer", "XPOTrainer",
    "NashMDTrainer", "BCOTrainer", "AsyncGRPOTrainer", "UnslothTrainer", "Seq2SeqTrainer",
    "Trainer",
    "MiniLLMTrainer", "DistillationTrainer",
)  # fmt: skip
_OPTIMISERS = (
    "AdamW", "Adam", "SGD", "Lion", "Adafactor", "AdamW8bit", "PagedAdamW8bit", "Adam8bit",
    "RMSprop",
    "Adagrad", "PagedAdamW", "PagedAdamW32bit", "Muon", "AdamWScheduleFree", "NAdam", "RAdam",
    "Prodigy",
    "LBFGS", "FusedAdam", "DeepSpeedCPUAdam", "LAMB",
)  # fmt: skip
_DATA = ("train_dataset", "train_dataloader", "dataset", "prompt_dataset")
_FOLDERS = ("output_dir", "save_path", "output_path")


@ending(*_TRAINERS)
def _trainer(machine: Machine, call: Call) -> Value | None:
    if call.name.startswith(("pytorch_lightning.", "lightning.")):
        return Value(name="lightning.Trainer()")
    if call.name.startswith((".", "sklearn", "tokenizers")):
        return None
    fact = machine.fact("train", call.name, call.line)
    model = call.argument(0, "model")
    if model is not None and model.texts != UNKNOWN:
        model = loaded(machine, call, model)
    rewarded = "GRPO" in call.last or "RLOO" in call.last
    data = [value for name in _DATA if (value := call.named.get(name)) is not None]
    place = 4 if call.last == "DPOTrainer" else 3
    if not data and (value := call.argument(place)) is not None:
        data = [value]
    machine.feed(fact, *data, *call.extra)
    if not data:
        fact.detail["data"] = "not told"
    fact.start = merged((fact.start, weights(machine, model)))
    rewards = call.argument(1 if rewarded else None, "reward_funcs", "reward_function")
    fact.rewards = merged((fact.rewards, _rewards(machine, rewards)))
    settings = call.argument(2 if rewarded else 1, "args", "config")
    for holder in (settings.attributes if settings is not None else {}, call.named):
        for name in _FOLDERS:
            if (folder := holder.get(name)) is not None:
                saved(machine, call, folder, model, data, what=f"{call.last}.{name}")
    attributes = {**call.named, "model": model if model is not None else Value()}
    return Value(name=f"{call.name}()", attributes=attributes)


def _rewards(machine: Machine, rewards: Value | None) -> Sources:
    """Where a reward comes from: what the functions read, and what they ask."""
    found: list[Sources] = []
    pending = [rewards] if rewards is not None else []
    for value in pending:
        found.append(deep(value))
        if value.function is not None:
            before, machine.decided = len(machine.facts), {}
            found.append(deep(machine.invoke(value.function, [], {})))
            found.append(machine.decided)
            asked = machine.facts[before:]
            found.append({f.number: Level.MAYBE for f in asked if f.kind in ("command", "read")})
        if len(pending) < 20:
            pending += value.elements or []
    return merged(found)


@ending("train")
def _train(_: Machine, call: Call) -> Value | None:
    """`trainer.train()` was noted when the trainer was made; `model.train()` only sets a mode."""
    return call.receiver


@ending("backward", "manual_backward")
def _backward(machine: Machine, call: Call) -> Value | None:
    if call.receiver is None:
        return None
    fact = machine.fact("train", "backward", call.line)
    machine.feed(fact, call.receiver, *call.args[:1])
    return Value()


@named("torch.autograd.grad", "jax.grad", "jax.value_and_grad")
def _grad(machine: Machine, call: Call) -> Value:
    fact = machine.fact("train", call.name, call.line)
    machine.feed(fact, *call.args)
    return Value(sources=merged(deep(value) for value in call.args))


@ending(*_OPTIMISERS)
def _optimiser(machine: Machine, call: Call) -> Value:
    parameters = call.argument(0, "params", "parameters")
    if parameters is not None:
        machine.optimised.append(parameters)
    return Value(name=f"{call.name}()", parents=(parameters,) if parameters is not None else ())


@ending("fit")
def _fit(machine: Machine, call: Call) -> Value | None:
    receiver = call.receiver
    if receiver is None or receiver.name != "lightning.Trainer()":
        return None
    fact = machine.fact("train", "lightning.Trainer.fit", call.line)
    machine.feed(fact, *call.args[1:], *call.named.values())
    fact.start = merged((fact.start, weights(machine, call.args[0] if call.args else None)))
    return Value()


@named("axolotl.cli.train.do_train", "axolotl.train.train", "llamafactory.train.tuner.run_exp",
       "llmtuner.run_exp", "swift.llm.sft_main")  # fmt: skip
def _framework(machine: Machine, call: Call) -> Value:
    fact = machine.fact("train", call.name, call.line, data="not told")
    machine.feed(fact, *call.everything())
    machine.miss(f"{call.name} trains by a configuration")
    return Value()


@ending("prepare")
def _prepare(_: Machine, call: Call) -> Value | None:
    """accelerate's: everything comes back, wrapped."""
    if not call.args:
        return None
    return call.args[0] if len(call.args) == 1 else Value(elements=list(call.args))


def settle(machine: Machine) -> None:
    """At the end: a plain training loop trains what its optimisers were made for."""
    start = weights(machine, *machine.optimised)
    for fact in machine.facts:
        if fact.kind != "train" or fact.what not in ("backward", "torch.autograd.grad"):
            continue
        own = {n: v for n, v in fact.sources.items() if machine.facts[n].kind == "model"}
        if len(own) > 1 and not start:
            own = lowered(own, Level.MAYBE)
        fact.start = merged((fact.start, start or own))
