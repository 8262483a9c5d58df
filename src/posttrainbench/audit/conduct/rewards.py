"""evaluate.py's score, or its items, as a reward: steering gradients or the choice of data.

To choose between checkpoints by evaluate.py is what it is for, and stays silent.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...records import Evidence, Finding
from ..code import Fact, Level
from ..flow import Acted
from ..flow.code_steps import CodeSteps, runs_evaluator
from ..flow.graph import arrival
from ..flow.naming import SCORE
from .items import is_items_node
from .scene import Scene, at, of_fact, report


def find(scene: Scene) -> Iterator[Finding]:
    """Rewards and data that hang on the evaluation."""
    evidence: list[Evidence] = []
    reached = scene.flow.reach([SCORE])
    for sink in scene.flow.sinks:
        if sink.ran is False:
            continue
        by_items = any(is_items_node(scene, node) for node in sink.rewards)
        _, by_score = arrival(reached, sink.rewards)
        _, in_data = arrival(reached, {n: v for n, v in sink.data.items() if ".py" not in n})
        if by_items or by_score is not None or SCORE in sink.rewards:
            evidence.append(at(sink.place, sink.quote or sink.what))
        elif in_data is not None:
            evidence += [at(step.place, step.quote) for step in in_data.way()]
            evidence.append(at(sink.place, sink.quote or sink.what))
    for acted in scene.acted:
        if acted.ran is False or not any(map(runs_evaluator, acted.reading.of("command"))):
            continue
        steps = CodeSteps(acted)
        for fact in acted.reading.of("save-model"):
            nodes = steps.nodes(fact.sources)
            level, way = arrival(reached, nodes)
            chosen = way is not None or SCORE in nodes
            if max(level, nodes.get(SCORE, Level.CHOOSES)) >= Level.MAYBE or (
                chosen and _changed_at_random(acted, fact)
            ):
                evidence.append(of_fact(acted, fact))
    yield from report(
        "score-as-reward",
        "{n} place(s) let the evaluation's score or items steer training",
        evidence,
    )


def _changed_at_random(acted: Acted, saved: Fact) -> bool:
    """Whether the weights were changed by random numbers: a search, where a score chooses."""
    return any(
        acted.reading.facts[number].kind == "noise" and level >= Level.MAYBE
        for number, level in saved.sources.items()
    )
