"""Lists, dictionaries and what loops over them see."""

from __future__ import annotations

from . import Level
from .choosing import taken
from .machine import Call, Machine
from .registry import ending, named
from .values import Value, absorb, deep, either, element_of, first_name, keys_of, lowered, merged


@named("list", "tuple", "sorted", "reversed", "iter", "set", "frozenset", "tqdm.tqdm",
       "tqdm.auto.tqdm",
       "tqdm.notebook.tqdm", "rich.progress.track", "copy.copy", "copy.deepcopy", "random.sample",
       "itertools.chain.from_iterable")  # fmt: skip
def _pass(_: Machine, call: Call) -> Value | None:
    if not call.args or any(value.function for value in call.everything()):
        return None
    value = call.args[0]
    elements = list(value.elements) if value.elements is not None else None
    if value.entries is not None:
        if call.name.startswith("copy."):
            return Value(entries=dict(value.entries), sources=dict(value.sources))
        elements = keys_of(value)
    if call.last == "from_iterable" and elements is not None:
        elements = [element_of(element) for element in elements]
    return Value(
        sources=dict(value.sources) if elements is not None else deep(value),
        elements=elements,
        parents=(value,),
        splits=value.splits if call.name.startswith("copy.") else None,
        names=(value.splits or value.names) if call.name in ("list", "tuple", "iter") else None,
        is_set=call.last in ("set", "frozenset"),
        optional=value.optional,
    )


@named("next")
def _next(_: Machine, call: Call) -> Value | None:
    value = call.args[0] if call.args else None
    if value is not None and value.names is not None:
        return first_name(value)
    return element_of(value) if value is not None and value.elements else None


@named("itertools.chain")
def _chain(_: Machine, call: Call) -> Value:
    return Value(elements=[element_of(value) for value in call.args])


@named("enumerate")
def _enumerate(_: Machine, call: Call) -> Value | None:
    if not call.args:
        return None
    value = call.args[0]
    inner = value.elements if value.elements is not None else [element_of(value)]
    rows = [Value(elements=[Value(), element]) for element in inner]
    return Value(elements=rows, sources=dict(value.sources))


@named("zip", "itertools.zip_longest", "itertools.product")
def _zip(_: Machine, call: Call) -> Value:
    if call.extra:
        return Value(sources=merged(deep(value) for value in call.everything()))
    lists = [value.elements for value in call.args]
    if call.last != "product" and lists and all(elements is not None for elements in lists):
        rows = zip(*(elements or [] for elements in lists), strict=False)
        return Value(elements=[Value(elements=list(row)) for row in rows])
    return Value(elements=[Value(elements=[element_of(value) for value in call.args])])


@named("datasets.DatasetDict", "datasets.dataset_dict.DatasetDict")
def _dataset_dict(_: Machine, call: Call) -> Value:
    known = call.args[0] if call.args else None
    if known is not None and (known.entries is not None or known.splits is not None):
        return Value(
            entries=dict(known.entries) | call.named if known.entries is not None else None,
            sources=dict(known.sources),
            splits=known.splits,
        )
    if call.named and not call.args:
        return Value(entries=dict(call.named))
    return Value(sources=merged(deep(value) for value in call.everything()))


@named("dict")
def _dict(_: Machine, call: Call) -> Value | None:
    if call.args and call.args[0].entries is None:
        return None
    entries = dict((call.args[0].entries or {}) if call.args else {})
    sources = merged(deep(value) for value in (*call.args, *call.extra))
    return Value(entries=entries | call.named, sources=sources)


@named(
    "collections.defaultdict", "collections.OrderedDict", "collections.deque", "collections.Counter"
)
def _collection(_: Machine, call: Call) -> Value:
    return Value(sources=merged(deep(value) for value in call.args if value.function is None))


@ending("items")
def _items(_: Machine, call: Call) -> Value | None:
    value = call.receiver
    if value is None:
        return None
    if value.entries is not None:
        parts = zip(keys_of(value), value.entries.values(), strict=True)
        pairs = [Value(elements=[key, part]) for key, part in parts]
        return Value(elements=pairs, sources=dict(value.sources))
    if value.name or call.args:
        return None
    inner = Value(sources=deep(value), parents=(value,))
    name = Value(sources=lowered(deep(value), Level.CHOOSES))
    return Value(elements=[Value(elements=[name, inner])], sources=deep(value))


@ending("train_test_split")
def _train_test_split(_: Machine, call: Call) -> Value | None:
    """Both halves of a data set come from all of it; scikit-learn's function gives a list."""
    if call.receiver is None or call.receiver.name or not call.name.startswith("."):
        return None
    halves = {key: Value(sources=deep(call.receiver)) for key in ("train", "test")}
    return Value(entries=halves)


@ending("keys")
def _keys(_: Machine, call: Call) -> Value | None:
    value = call.receiver
    if value is not None and value.splits is not None:
        return Value(sources=deep(value), names=value.splits)
    if value is None or value.entries is None:
        return None
    return Value(elements=keys_of(value))


@ending("values")
def _values(_: Machine, call: Call) -> Value | None:
    value = call.receiver
    if value is None or value.entries is None:
        return None
    return Value(elements=list(value.entries.values()), sources=dict(value.sources))


@ending("get")
def _get(machine: Machine, call: Call) -> Value | None:
    value = call.receiver
    if value is not None and value.entries is None and call.args:
        return taken(machine, value, call.args[0])
    if value is None or value.entries is None or not call.args:
        return None
    key, default = call.args[0], call.argument(1, "default")
    found = [value.entries[text] for text in key.texts if text in value.entries]
    certain = key.known and all(text in value.entries for text in key.texts)
    if not certain:
        found.append(Value(sources=deep(value), parents=(value,)))
        found += [default] if default is not None else []
    chosen = lowered(deep(key), Level.CHOOSES)
    if not chosen:
        return either(found)
    return either([*found, Value(sources=chosen)])


@named("setattr")
def _setattr(machine: Machine, call: Call) -> Value:
    if len(call.args) == 3:
        if call.args[0].name and call.args[1].text:
            machine.fact("patch", f"{call.args[0].name}.{call.args[1].text}", call.line)
        absorb(call.args[0], machine.content(call.args[2]))
    return Value()
