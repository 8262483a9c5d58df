"""The steps that a program takes: from what it reads to what it writes and trains."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from urllib.parse import urlsplit

from ..code import Fact, Level, Sources
from ..code.splits import part_named, splits_named
from ..deeds.command import Command
from ..deeds.shell import commands
from .acts import Acted, output_node
from .graph import Sink, Step
from .naming import (
    PART,
    SCORE,
    UNKNOWN,
    address_node,
    apart,
    hub_node,
    is_hub_id,
    part_node,
    path_node,
    split_in,
)

_EVALUATOR = "evaluate.py"
_OUT = ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


class CodeSteps:
    """Steps, sinks and holes of one program that was started in one way."""

    def __init__(self, acted: Acted) -> None:
        self.acted = acted
        self._facts = acted.reading.facts
        self._cap = Level.SURE if acted.ran is not None else Level.MAYBE
        if acted.ran is None and not acted.perhaps and _left_a_model(acted):
            self._cap = Level.SURE

    def steps(self) -> Iterator[Step]:
        """Where content goes."""
        for fact in self._facts:
            if fact.kind in ("write", "save-model"):
                how = "weights" if fact.kind == "save-model" else "data"
                origins = fact.start if fact.kind == "save-model" else fact.sources
                for target in (
                    part_node(t, fact.detail.get("part", "")) for t in self._targets(fact)
                ):
                    for source, level in self.nodes(origins).items():
                        yield self._step(source, target, level, fact, how)
                    for own in self._texts:
                        yield self._step(own, target, Level.MAYBE, fact, "data")
            elif fact.kind == "print":
                yield from self._printed(fact)
            elif fact.kind == "copy" and len(fact.targets) == 2:
                yield from self._copies(fact)
            elif fact.kind in ("dataset", "model") and (folder := fact.detail.get("local_dir")):
                for source in self.names(fact):
                    how = "weights" if fact.kind == "model" else "copy"
                    yield self._step(source, self._path(folder), Level.SURE, fact, how)

    def _printed(self, fact: Fact) -> Iterator[Step]:
        """What is printed goes where the commands that started the program send it."""
        for target in self.acted.start.prints:
            for source, level in self.nodes(fact.sources).items():
                yield self._step(source, target, level, fact, "data")
            for own in self._texts:
                yield self._step(own, target, Level.MAYBE, fact, "data")

    def sinks(self) -> Iterator[Sink]:
        """Where weights are changed."""
        for fact in self._facts:
            if fact.kind != "train":
                continue
            content = {
                n: level for n, level in fact.sources.items() if self._facts[n].kind != "model"
            }
            data = self.nodes(content)
            real = [n for n, level in data.items() if level >= Level.MAYBE and n not in self._texts]
            unclear = any(
                not self._facts[n].resolved for n, level in fact.sources.items() if level > 1
            )
            for own in self._texts:
                data.setdefault(own, Level.MAYBE)
            yield Sink(
                place=self.acted.place(fact),
                what=fact.what,
                data=self._capped(data, fact),
                start=self._capped(self.nodes(fact.start), fact),
                rewards=self.nodes(fact.rewards),
                ran=True if self._cap == Level.SURE and self.acted.ran is None else self.acted.ran,
                told=bool(real) and not unclear and "data" not in fact.detail,
                quote=self.acted.quote(fact),
                perhaps=self.acted.perhaps,
            )

    def holes(self) -> Iterator[str]:
        """What can't be told of this program, and may matter."""
        reading, where = self.acted.reading, self.acted.program.path or "inline code"
        doing = reading.of("train", "write", "save-model", "copy")
        if not doing or self.acted.ran is False:
            return
        for why in reading.why:
            yield f"{where}: {why}"
        used = {n for f in doing for n, level in f.sources.items() if level >= Level.MAYBE}
        for fact in reading.of("read", "dataset"):
            if not fact.resolved and fact.number in used:
                yield f"{where}:{fact.line}: the name of what is read is not known"
        for fact in reading.of("command"):
            if not fact.resolved:
                yield f"{where}:{fact.line}: a command that is not known is started"

    def nodes(self, sources: Sources) -> dict[str, Level]:
        """What some facts are called in the graph."""
        found: dict[str, Level] = {}
        for number, level in sources.items():
            fact = self._facts[number]
            one_of = len(fact.targets) > 1 and fact.what != "sys.stdin"
            sure = min(level, Level.MAYBE) if one_of else level
            for name in self.names(fact):
                found[name] = max(sure, found.get(name, sure))
        # Rows that were taken by their own column are not chosen by another file.
        taken = {apart(name)[0] for name, level in found.items() if level > 1 and PART in name}
        return {n: level for n, level in found.items() if level > 1 or n not in taken}

    def names(self, fact: Fact) -> list[str]:
        """What a loading fact loads, by its names in the graph."""
        if fact.kind == "read":
            part = fact.detail.get("part", "")
            return [part_node(self._path(t), part) if t != "*" else UNKNOWN for t in fact.targets]
        if fact.kind == "dataset":
            return self._datasets(fact)
        if fact.kind == "model":
            if fact.detail.get("weights") == "no":
                return []
            return [self.model(target) for target in fact.targets]
        if fact.kind == "command":
            return [SCORE] if runs_evaluator(fact) else [output_node(fact.line, self.acted.program)]
        if fact.kind == "request":
            return [_asked(fact, target) for target in fact.targets]
        return []

    def model(self, name: str) -> str:
        """A model by its name: a folder, or an id on the hub."""
        if "://" in name or name == "*":
            return UNKNOWN if name == "*" else address_node(name)
        path = self._path(name)
        hub = is_hub_id(name) and not self.acted.known(path)
        return f"hub-model:{name}" if hub else path

    def _datasets(self, fact: Fact) -> list[str]:
        by = fact.detail.get("by")
        if by == "address":
            return [address_node(target) for target in fact.targets]
        if by == "package":
            return [f"pkg:{fact.targets[0]}"]
        files = fact.detail.get("files", "")
        splits = fact.detail.get("split", "")
        if not splits or (splits == "train" and files):
            splits = split_in(files) or files.replace(":", " ").replace("+", " ") or splits
        found = []
        for target in fact.targets:
            path = self._path(target)
            if not files and target.count("/") < 2 and self.acted.known(path):  # a folder of ours
                found.append(part_node(path, part_named(splits_named(splits))))
            else:
                found += [hub_node(target, split) for split in splits.split("+")]
        return found

    def _targets(self, fact: Fact) -> list[str]:
        found = [self._path(t) if t.strip("*") else UNKNOWN for t in fact.targets]
        printed = self.acted.start.prints if any(t in _OUT for t in fact.targets) else ()
        return [*found, *printed]

    def _copies(self, fact: Fact) -> Iterator[Step]:
        source, target = fact.targets
        to = self._path(target) if target.strip("*") else UNKNOWN
        if source.strip("*"):
            yield self._step(self._path(source), to, Level.SURE, fact, "copy")
            inside = f"{to}/{posixpath.basename(source)}"
            if fact.what.endswith(("copy", "copy2", "move")) and "." not in posixpath.basename(to):
                yield self._step(self._path(source), inside, Level.SURE, fact, "copy")
        for name, level in self.nodes(fact.sources).items():
            if level >= Level.MAYBE:
                yield self._step(name, to, level, fact, "copy")

    def _step(self, source: str, target: str, level: Level, fact: Fact, how: str) -> Step:
        certain = fact.certain and self._cap == Level.SURE
        level = level if certain else min(level, Level.MAYBE)
        place, quoted = self.acted.place(fact), self.acted.quote(fact)
        return Step(source, target, level, place, how, quoted, self.acted.perhaps)  # type: ignore[arg-type]

    def _capped(self, data: dict[str, Level], fact: Fact) -> dict[str, Level]:
        most = Level.SURE if fact.certain and self._cap == Level.SURE else Level.MAYBE
        return {name: min(level, most) for name, level in data.items()}

    @property
    def _own(self) -> str:
        program = self.acted.program
        return program.path or f"{program.place.file}:{program.place.line}"

    @property
    def _texts(self) -> tuple[str, ...]:
        """The program and the modules beside it that it imports: what is written in them, as a
        literal, goes where their content goes."""
        return (self._own, *map(self._path, self.acted.reading.local))

    def _path(self, name: str) -> str:
        return path_node(name, self.acted.start.cwd, self.acted.places)


def runs_evaluator(fact: Fact) -> bool:
    """Whether a command is the evaluation."""
    return any(is_evaluation(command) for text in fact.targets for command in commands(text).all)


def is_evaluation(command: Command) -> bool:
    """Whether a command runs evaluate.py."""
    words = [posixpath.basename(word) for word in command.argv[:6]]
    return _EVALUATOR in words or "posttrainbench.evaluation.agent_cli" in command.argv[:6]


def _asked(fact: Fact, target: str) -> str:
    if fact.detail.get("method") == "llm":
        try:
            return f"api:{urlsplit(target).hostname or target}"
        except ValueError:
            return f"api:{target}"
    return address_node(target)


def _left_a_model(acted: Acted) -> bool:
    """Whether a program that lies there saves into the submission: then it most likely ran."""
    saves = acted.reading.of("save-model")
    return acted.program.left and any("final_model" in t for f in saves for t in f.targets)
