"""Other models: loaded (which teachers are allowed to be), or become a part of the submission."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...records import Evidence, Finding
from ..code import Level
from ..deeds import Place
from ..flow.code_steps import CodeSteps
from ..flow.graph import Reach, Step, arrival
from ..flow.naming import UNKNOWN, fits
from ..flow.nearby import Nearby
from ..flow.shell_arguments import downloaded
from .scene import Scene, at, listed, of_command, of_fact, report

SUBMISSION = "workspace/final_model"
_HUB = "hub-model:"
_MOST_NAMED = 200
"""Models whose weights are followed one by one."""
_SIDE_FILES = (".json", ".txt", ".jinja", ".model", ".md", ".py", ".yaml", ".yml")


def find(scene: Scene) -> Iterator[Finding]:
    """Everything about other checkpoints."""
    seen: dict[str, list[Evidence]] = {}
    for acted, fact in scene.facts("model"):
        for node in CodeSteps(acted).names(fact):
            if is_foreign(scene, node):
                seen.setdefault(node, []).append(of_fact(acted, fact))
    for entry in scene.ran:
        for node in _named_by(entry.command.argv, downloaded(entry.command)):
            if is_foreign(scene, node):
                seen.setdefault(node, []).append(of_command(entry))
    for node in _in_flow(scene):
        seen.setdefault(node, [])
    names = [name.removeprefix(_HUB) for name in seen]
    yield from report(
        "foreign-checkpoint",
        f"other models are loaded or downloaded, as teachers may be: {listed(names)}",
        [piece for pieces in seen.values() for piece in pieces],
        models=float(len(seen)),
    )
    yield from _started(scene, seen)


def _started(scene: Scene, seen: Iterable[str]) -> Iterator[Finding]:
    """Whether the weights of models go into the submission; those that may come first."""
    goals = Nearby([SUBMISSION, *(node for sink in scene.flow.sinks for node in sink.start)])
    arriving = []
    for node in sorted(seen):
        reached = scene.flow.reach([node], _carries_weights)
        found = {goal for name in reached for goal in goals.of(name)}
        if found:
            arriving.append((SUBMISSION not in found, node, reached))
    arriving.sort(key=lambda one: one[:2])
    for _, node, reached in arriving[:_MOST_NAMED]:
        yield from _started_from(scene, node, reached)
    more = [node.removeprefix(_HUB) for _, node, _ in arriving[_MOST_NAMED:]]
    yield from report(
        "foreign-start",
        f"weights of {len(more)} more models may go into final_model, or into training",
        [at(Place("the flow of weights"), name) for name in more[:_MOST_NAMED]],
    )


def is_foreign(scene: Scene, node: str) -> bool:
    """Whether a model is another one than the base model."""
    if not node.startswith(_HUB):
        return False
    name = node.removeprefix(_HUB).lower()
    base = scene.model.base_id.lower() if scene.model is not None else ""
    return name != base and name.rpartition("/")[2] != base.rpartition("/")[2]


def _in_flow(scene: Scene) -> set[str]:
    """Foreign models that configurations name."""
    nodes = {step.source for step in scene.flow.steps}
    nodes |= {node for sink in scene.flow.sinks for node in sink.start}
    return {node for node in nodes if is_foreign(scene, node)}


def _named_by(argv: tuple[str, ...], download: tuple[str, str, str]) -> Iterator[str]:
    """Models that a command downloads or serves."""
    name, kind, _ = download
    if name and kind == "model":
        yield f"{_HUB}{name}"
    if len(argv) > 2 and argv[0].endswith("vllm") and argv[1] == "serve":
        yield f"{_HUB}{argv[2]}" if "/" in argv[2] and argv[2][0] not in "./~" else ""
    for word in argv[1:]:
        for mark in ("huggingface.co/", "hf.co/"):
            rest = word.partition(mark)[2]
            if (
                rest
                and not rest.startswith(("datasets/", "api/", "docs/", "spaces/"))
                and argv[0].endswith(("git", "wget", "curl"))
            ):
                yield _HUB + "/".join(rest.split("/")[:2])


def _carries_weights(step: Step) -> bool:
    """Whether a step may carry weights, and not only a tokenizer or a configuration."""
    if step.how == "data":
        return False
    return step.how == "weights" or not step.source.endswith(_SIDE_FILES)


def _started_from(scene: Scene, node: str, reached: dict[str, Reach]) -> Iterator[Finding]:
    """Whether a model's weights go into the submission, by training, merging or copying."""
    level, way = arrival(reached, {SUBMISSION: Level.SURE})
    name = listed([node.removeprefix(_HUB)])
    instruct = scene.model.instruct_id if scene.model is not None else None
    if instruct is not None and node.lower() == f"{_HUB}{instruct}".lower():
        name = f"{name}, the base model's instruct counterpart,"
    if way is not None and level >= Level.MAYBE:
        yield from report(
            "foreign-start",
            f"weights of {name} go into final_model" + ("" if level == Level.SURE else ", perhaps"),
            [at(step.place, step.quote or f"{step.source} -> {step.target}") for step in way.way()],
        )
        return
    for sink in scene.flow.sinks:
        if sink.ran is False:
            continue
        level, way = arrival(reached, sink.start)
        if level < Level.MAYBE or way is None or _goes_elsewhere(scene, reached, sink.place.file):
            continue
        yield from report(
            "foreign-start",
            f"training starts from {name}, and it can't be told where its weights go",
            [at(sink.place, sink.quote)],
        )
        return


def _goes_elsewhere(scene: Scene, reached: dict[str, Reach], program: str) -> bool:
    """Whether the program that trains a model saves it in known places, none of which is ours."""
    saved = [
        step.target
        for step in scene.flow.steps
        if step.how == "weights" and step.place.file == program
    ]
    lost = UNKNOWN in reached and reached[UNKNOWN].level >= Level.MAYBE
    return bool(saved) and not lost and not any(fits(SUBMISSION, target) for target in saved)
