"""The graph of the data's ways, and what became of one file."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from ..code import Level
from ..deeds import Place
from .naming import PART, UNKNOWN, apart, cached_node, fits, same_split
from .nearby import Nearby

Word = Literal["trained", "not-trained", "unknown"]
How = Literal["data", "weights", "copy"]


@dataclass(frozen=True)
class Step:
    """Content went from one place to another."""

    source: str
    target: str
    level: Level
    place: Place
    how: How = "data"
    quote: str = ""
    perhaps: bool = False
    """Whether it is a step of a program that may have run, and nothing says that it starts."""


@dataclass(frozen=True)
class Sink:
    """Weights are changed."""

    place: Place
    what: str
    """The trainer: ``trl.SFTTrainer``."""
    data: Mapping[str, Level]
    """What it is trained on."""
    start: Mapping[str, Level]
    """Whose weights are trained."""
    rewards: Mapping[str, Level]
    """What rewards are made of."""
    ran: bool | None
    """Whether it ran; ``None`` where that can't be told."""
    told: bool = True
    """Whether all that it is trained on is known."""
    quote: str = ""
    perhaps: bool = False
    """Whether its program may have run, and nothing says that it starts."""


@dataclass(frozen=True)
class Fate:
    """What became of one file."""

    word: Word = "unknown"
    chain: tuple[str, ...] = ()
    """How, step by step, for a person: ``workspace/make.py:12: a.jsonl -> b.jsonl``."""
    places: tuple[Place, ...] = ()
    """Where each of these steps stands."""
    later: tuple[str, ...] = ()
    """Files that were made from it and trained on in its place."""
    others_trained: bool = False
    """Whether it is known what was trained on, and this was not seen among it."""
    why: str = ""
    """For ``unknown``: what is not known."""
    reaches: bool = False
    """For ``unknown``: whether the chain leads to training."""
    parted: bool = False
    """For ``unknown``: whether training takes only a part of it, which may be another one."""
    perhaps: bool = False
    """For ``unknown``: whether that is only because something was started that nothing tells."""


@dataclass
class Flow:
    """The ways of all data of a run."""

    steps: list[Step] = field(default_factory=list)
    sinks: list[Sink] = field(default_factory=list)
    holes: list[str] = field(default_factory=list)
    """What is not known, in words: while there is one, nothing is called not trained on."""
    perhaps: list[str] = field(default_factory=list)
    """What would not be known if some program had run that nothing starts in so many words."""
    untrained: str = ""
    """Why nothing at all was trained into the submission; empty where something may have been."""

    def __post_init__(self) -> None:
        self._fates: dict[str, Fate] = {}
        self._nexts: dict[str, list[Step]] = {}
        self._by_source: dict[str, list[Step]] = {}
        self._sources: Nearby | None = None

    def close(self) -> None:
        """To be called when all steps are there: files of a hub's cache are the hub's."""
        nodes = {s.source for s in self.steps} | {node for s in self.sinks for node in s.data}
        nodes |= {node for sink in self.sinks for node in sink.start}
        for node in sorted(nodes):
            if cached := cached_node(node):
                place = Place("the hub's cache")
                self.steps.append(Step(cached, node, Level.SURE, place, "copy"))
        for step in self.steps:
            self._by_source.setdefault(step.source, []).append(step)

    def fate(self, path: str) -> Fate:
        """What became of a file or a source, by its name in evidence.

        Args:
            path: ``workspace/data/train.jsonl``, ``data/items.jsonl``, ``hub:openai/gsm8k:test``, a
                file of the hub's cache, or a folder.
        """
        if path not in self._fates:
            self._fates[path] = self._fate(path)
        return self._fates[path]

    def _fate(self, path: str) -> Fate:
        if self.untrained:
            return Fate("not-trained", (self.untrained,))
        starts = [path]
        if cached := cached_node(path):
            starts.append(cached)
        reached = self.reach(starts)
        best: tuple[Level, Sink, Reach] | None = None
        for sink in self.sinks:
            most = Level.SURE if sink.ran else Level.MAYBE
            level, arrived = arrival(reached, sink.data)
            level = min(level, most)
            if sink.ran is False or level < Level.MAYBE or arrived is None:
                continue
            if best is None or level > best[0]:
                best = (level, sink, arrived)
        return self._trained(*best) if best is not None else self._untouched(reached)

    def _trained(self, level: Level, sink: Sink, arrived: Reach) -> Fate:
        steps = arrived.way()
        last = f"{sink.place.file}:{sink.place.line}: trained on by {sink.what}"
        chain = (*map(_words, steps), last)
        last_made = apart(steps[-1].target)[0] if steps else ""
        later = (last_made,) if last_made and ":" not in last_made else ()
        places = (*(step.place for step in steps), sink.place)
        if level == Level.SURE:
            return Fate("trained", chain, places, later)
        perhaps = sink.perhaps or any(step.perhaps for step in steps)
        why = "it may have reached training this way"
        parted = any(PART in step.source for step in steps) or _by_part(sink, arrived)
        return Fate(
            "unknown", chain, places, later, why=why, perhaps=perhaps, reaches=True, parted=parted
        )

    def _untouched(self, reached: Mapping[str, Reach]) -> Fate:
        known = [sink for sink in self.sinks if sink.ran is not False and not sink.perhaps]
        others = bool(known) and all(sink.told for sink in known)
        lost = reached.get(UNKNOWN)
        if lost is not None and lost.level >= Level.MAYBE:
            steps = lost.way()
            why = "its content went into a file whose name is not known"
            perhaps = any(step.perhaps for step in steps)
            words, places = tuple(map(_words, steps)), tuple(step.place for step in steps)
            return Fate("unknown", words, places, why=why, perhaps=perhaps)
        if self.holes or self.perhaps:
            why = (self.holes or self.perhaps)[0]
            return Fate("unknown", others_trained=others, why=why, perhaps=bool(self.perhaps))
        used = [arrived.step for arrived in reached.values() if arrived.step is not None][:5]
        places = tuple(step.place for step in used)
        return Fate("not-trained", tuple(map(_words, used)), places, others_trained=others)

    def reach(
        self, starts: Iterable[str], carries: Callable[[Step], bool] | None = None
    ) -> dict[str, Reach]:
        """Everything that the content of some places came to, with the surest way to it.

        Args:
            carries: which steps count; ``None``: all.
        """
        reached = {one: Reach(Level.SURE, split=_split(one), node=one) for one in starts}
        waiting = deque(reached)
        for _ in range(200_000):
            if not waiting:
                break
            node = waiting.popleft()
            arrived = reached[node]
            for step in self._from(node):
                if carries is not None and not carries(step):
                    continue
                fit = fits(node, step.source)
                if fit < Level.SURE and not same_split(arrived.split, step.source):
                    continue
                level = Level(min(step.level, arrived.level, fit))
                old = reached.get(step.target)
                if old is None or level > old.level:
                    split = "" if _holds_one_split(step) else arrived.split
                    reached[step.target] = Reach(level, step, arrived, split, step.target)
                    waiting.append(step.target)
        return reached

    def _from(self, node: str) -> list[Step]:
        if node not in self._nexts:
            if self._sources is None:
                self._sources = Nearby(self._by_source)
            sources = self._sources.of(node)
            self._nexts[node] = [step for name in sources for step in self._by_source[name]]
        return self._nexts[node]


@dataclass(frozen=True)
class Reach:
    """How a place was reached."""

    level: Level
    step: Step | None = None
    before: Reach | None = None
    split: str = ""
    """Of the data set that the way began with."""
    node: str = ""
    """The place itself."""

    def way(self) -> list[Step]:
        """The steps to it, in order."""
        steps: list[Step] = []
        now: Reach | None = self
        while now is not None and now.step is not None and len(steps) < 100:
            steps.append(now.step)
            now = now.before
        return steps[::-1]


def arrival(reached: Mapping[str, Reach], nodes: Mapping[str, Level]) -> tuple[Level, Reach | None]:
    """How surely what was reached is among some nodes, and by which way; 0 where it is not."""
    best, way = 0, None
    for node, level in nodes.items():
        for name, arrived in reached.items():
            fit = fits(name, node)
            if fit < Level.SURE and not same_split(arrived.split, node):
                continue
            sure = min(level, arrived.level, fit)
            if sure > best:
                best, way = sure, arrived
    return Level(best) if best else Level.CHOOSES, way


def _holds_one_split(step: Step) -> bool:
    """Whether all of a file that a program wrote comes from one split: so do its own splits."""
    return step.how == "data" and bool(_split(step.source)) and "*" not in step.target


def _by_part(sink: Sink, arrived: Reach) -> bool:
    """Whether a sink takes only a part of what was reached, and it may be another part."""
    parts = [n for n, level in sink.data.items() if level >= Level.MAYBE and PART in n]
    wholes = [n for n, level in sink.data.items() if level >= Level.MAYBE and PART not in n]
    return any(fits(arrived.node, n) for n in parts) and not any(
        fits(arrived.node, n) for n in wholes
    )


def _words(step: Step) -> str:
    chooses = " (it only chooses)" if step.level == Level.CHOOSES else ""
    return f"{step.place.file}:{step.place.line}: {step.source} -> {step.target}{chooses}"


def _split(start: str) -> str:
    split = start.rpartition(":")[2] if start.startswith("hub:") else ""
    return "" if split in ("*", "?") else split
