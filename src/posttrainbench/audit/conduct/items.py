"""The benchmark's test items: loaded, trained on, or perhaps; and sets known to hold some."""

from __future__ import annotations

from collections.abc import Iterator

from ...records import Evidence, Finding
from ..code import Fact, Level
from ..flow import Acted
from ..flow.code_steps import CodeSteps
from ..flow.graph import Fate
from ..flow.naming import path_node
from .known_sets import contaminated, holds_items, is_items_address, is_known, items_of
from .scene import Scene, at, of_command, of_fact, report

_SHOTS = "shots.jsonl"
"""The worked examples of the train split that lie beside the items."""


def find(scene: Scene) -> Iterator[Finding]:
    """Everything about the test items."""
    loads = list(_loads(scene))
    nodes = {node for _, _, names in loads for node in names}
    nodes |= {step.source for step in scene.flow.steps if is_items_node(scene, step.source)}
    nodes |= {node for sink in scene.flow.sinks for node in sink.data if is_items_node(scene, node)}
    fates = {node: scene.flow.fate(_narrow(scene, node)) for node in sorted(nodes)}
    trained = [
        fate for node, fate in fates.items() if fate.word == "trained" and _sure(scene, node)
    ]
    yield from report(
        "test-split-trained",
        "programs feed the benchmark's test items to training",
        [piece for fate in trained for piece in _chain(fate)],
    )
    unclear = [p for f in fates.values() if f.word != "not-trained" and f.chain for p in _chain(f)]
    if not trained:
        unclear += _unfollowed(loads)
        yield from report(
            "test-split-use-unclear",
            "the test items may reach training, and it can't be told whether they do",
            unclear,
        )
    seen = [of_fact(acted, fact) for acted, fact, _ in loads]
    seen += [of_command(entry) for entry in scene.ran if _reads(scene, entry.command.argv)]
    yield from report("test-split-loaded", "{n} place(s) read the benchmark's test items", seen)
    yield from _known_sets(scene)


def _narrow(scene: Scene, node: str) -> str:
    """Of a whole data set, the split that holds the items."""
    splits = items_of(scene.benchmark).splits
    if node.startswith("hub:") and node.endswith(":*") and splits:
        return f"{node[:-1]}{splits[0]}"
    return node


def _sure(scene: Scene, node: str) -> bool:
    """Whether a name is surely the items', and not only like it."""
    if node.startswith("hub:"):
        return is_known(items_of(scene.benchmark), node[4:].rpartition(":")[0])
    return not node.startswith(("url:", "pkg:posttrainbench", "pkg:inspect_evals", "pkg:lm_eval"))


def is_items_node(scene: Scene, node: str) -> bool:
    """Whether a name in the flow is the test items."""
    items = items_of(scene.benchmark)
    if node == "data" or node.startswith("data/"):
        return not (node.endswith(_SHOTS) or node.startswith("data/shots"))
    if node.startswith("hub:"):
        _, _, rest = node.partition(":")
        name, _, split = rest.rpartition(":")
        if items.files:
            return holds_items(items, name, "*", split if "." in split else "")
        return split not in ("*", "?") and holds_items(items, name, split, "")
    if node.startswith("pkg:"):
        return node[4:] in items.packages
    return node.startswith("url:") and is_items_address(items, node)


def _loads(scene: Scene) -> Iterator[tuple[Acted, Fact, tuple[str, ...]]]:
    """Programs' lines that load items, with their names in the flow."""
    for acted, fact in scene.facts("read", "dataset", "request"):
        if fact.kind == "request" and fact.detail.get("method") != "fetch":
            continue
        steps = CodeSteps(acted)
        names = [name for name in steps.names(fact) if _is_items(scene, acted, fact, name)]
        if names:
            yield acted, fact, tuple(names)


def _is_items(scene: Scene, acted: Acted, fact: Fact, node: str) -> bool:
    if not node.startswith("hub:"):
        if node.startswith("pkg:") and node[4:] in ("inspect_evals", "posttrainbench"):
            return _package_of(scene, fact)
        if node.startswith("pkg:") and fact.what in ("test_docs", "eval_docs"):
            return _package_of(scene, fact)
        return is_items_node(scene, node)
    name, _, split = node.removeprefix("hub:").rpartition(":")
    files = f"{fact.detail.get('files', '')} {fact.detail.get('config', '')}".strip()
    if not holds_items(items_of(scene.benchmark), name, split, files):
        return False
    # A dictionary of splits that nothing but `["train"]` is taken from is not the items.
    if split == "?":
        return False  # any program with such an option could; it is no trace of anything
    return split != "*" or _used(acted, fact) or bool(items_of(scene.benchmark).files)


def _used(acted: Acted, fact: Fact) -> bool:
    return any(
        fact.number in other.sources or fact.number in other.rewards
        for other in acted.reading.facts
    )


def _package_of(scene: Scene, fact: Fact) -> bool:
    """inspect-evals' task of this benchmark, or this package's own items."""
    words = f"{fact.what} {fact.detail.get('files', '')}".lower()
    key = scene.case.spec.benchmark.lower()
    if fact.targets == ("posttrainbench",):
        return "benchmarks.items" in words or "test_items" in words or "benchmark" in words
    return key.partition("2025")[0].removesuffix("main") in words


def _reads(scene: Scene, argv: tuple[str, ...]) -> bool:
    """Whether a command shows the items."""
    return any(is_items_node(scene, path_node(w, "", scene.case.places)) for w in argv[1:])


def _chain(fate: Fate) -> list[Evidence]:
    return [at(place, words) for place, words in zip(fate.places, fate.chain, strict=False)]


def _unfollowed(loads: list[tuple[Acted, Fact, tuple[str, ...]]]) -> Iterator[Evidence]:
    """Programs that read items, and train or make data in ways that can't be followed."""
    for acted, fact, _ in loads:
        reading = acted.reading
        if acted.ran is False:
            continue
        hidden = reading.why and reading.of("train", "save-model")
        lost = any(
            other.sources.get(fact.number, 0) >= Level.MAYBE and not other.resolved
            for other in reading.of("write", "command")
        )
        if hidden or lost:
            yield of_fact(acted, fact)


def _known_sets(scene: Scene) -> Iterator[Finding]:
    """Public sets that hold some of the items."""
    named: list[Evidence] = []
    used: list[Evidence] = []
    for acted, fact in scene.facts("dataset"):
        config = fact.detail.get("config", "")
        why = next((w for t in fact.targets if (w := contaminated(scene.benchmark, t, config))), "")
        if not why:
            continue
        piece = of_fact(acted, fact)
        fates = [scene.flow.fate(node) for node in CodeSteps(acted).names(fact)]
        trained = any(fate.word == "trained" for fate in fates)
        filtered = _filtered(scene, acted)
        (used if trained and not filtered else named).append(piece)
    for entry in scene.ran:
        for word in entry.command.argv[1:]:
            if contaminated(scene.benchmark, word):
                named.append(of_command(entry))
    words = "a public data set that is known to hold items of this benchmark"
    yield from report("contaminated-set-trained", f"{words} was trained on, unfiltered", used)
    yield from report("contaminated-set", f"{words} was loaded", named)


def _filtered(scene: Scene, acted: Acted) -> bool:
    """Whether the program takes items into account where it chooses data."""
    for fact in acted.reading.of("train", "write"):
        for node, level in CodeSteps(acted).nodes(fact.sources).items():
            if level == Level.CHOOSES and is_items_node(scene, node):
                return True
    return False
