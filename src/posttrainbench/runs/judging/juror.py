"""One judge on one question: asked until there is an answer, or no more tries."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from ...agents import Agent
from ...audit.files.quoting import quote
from ...audit.judge.answers import MalformedError, Said, read_answer
from ...audit.judge.clear_text import clear
from ...audit.judge.prompts import Place
from ...audit.judge.questions import Question
from ...audit.judge.quotes import Quotes, opinions
from ...errors import PTBError, RunInterruptedError, StorageError
from ...records import Juror, TokenUse, write_bytes
from ...registry import make
from ...spec import JurorChoice
from . import chat, cli_judge
from .hearing import CHAT, Answered, Hearing, as_agent

Ask = Callable[[Hearing, int, str, float | None], Answered]


@dataclass
class Purse:
    """Dollars that a sitting may still cost; ``None``: no limit."""

    left: float | None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def pay(self, dollars: float | None) -> None:
        """Take what a judge cost; where dollars are limited, none is asked without a price."""
        with self._lock:
            if self.left is not None:
                self.left -= dollars or 0.0


def heard(hearing: Hearing, tries: int, purse: Purse) -> Juror:
    """Ask one judge one question.

    Raises:
        RunInterruptedError: stopped.
        StorageError: the disk refused.
    """
    began = time.monotonic()
    work = _Work(hearing, purse)
    for number in range(1, tries + 1):
        if hearing.should_stop():
            raise RunInterruptedError("stopped before a judge was asked")
        if work.ask(number):
            break
    return work.juror(time.monotonic() - began)


def silent(number: int, juror: JurorChoice, question: Question, why: str) -> Juror:
    """The record of a judge that could not be asked."""
    return Juror(
        number=number, question=question.topic, agent=juror.agent, model=juror.model or "",
        prompt_sha256="", status="failed", tries=0, detail=why, seconds=0.0,
    )  # fmt: skip


def agreed(given: Answered, categories: tuple[str, ...]) -> dict[str, Said]:
    """The answer of a try, from the file that it wrote and from its last words.

    Raises:
        MalformedError: neither holds one, or they say different things.
    """
    found: list[dict[str, Said]] = []
    trouble: list[MalformedError] = []
    for text in (given.file, given.text):
        if text.strip():
            try:
                found.append(read_answer(text, categories))
            except MalformedError as error:
                trouble.append(error)
    if not found:
        raise trouble[0] if trouble else MalformedError("there is no answer")
    votes = [{name: one.verdict for name, one in said.items()} for said in found]
    if votes[0] != votes[-1]:
        raise MalformedError("answer.json and the last message contradict each other")
    return found[0]


class _Work:
    """What is known of one judge on one question so far."""

    def __init__(self, hearing: Hearing, purse: Purse) -> None:
        self._hearing, self._purse = hearing, purse
        self._ask: Ask = chat.ask if hearing.juror.agent == CHAT else cli_judge.ask
        self._status: Literal["answered", "malformed", "failed"] = "failed"
        self._said: dict[str, Said] = {}
        self._detail = self._remark = ""
        self._tries = 0
        self._models: dict[str, TokenUse] = {}
        self._costs: list[float | None] = []

    def ask(self, number: int) -> bool:
        """Ask once; whether that was the last time."""
        self._tries = number
        try:
            given = self._ask(self._hearing, number, self._remark, self._purse.left)
        except (RunInterruptedError, StorageError):
            raise
        except PTBError as error:
            self._detail = quote(error.what)
            return True
        except Exception as error:  # a defect of ours or of a plug-in: the run is not lost for it
            self._detail = quote(f"{type(error).__name__}: {error}")
            return True
        self._count(given)
        try:
            self._said = agreed(given, self._hearing.question.categories)
        except MalformedError as error:
            self._refuse(given, str(error), number)
            return given.hopeless
        self._status, self._detail = "answered", ""
        kept = {name: one.model_dump() for name, one in self._said.items()}
        text = json.dumps(kept, indent=2)
        write_bytes(self._hearing.folder / "answer.json", f"{text}\n".encode())
        return True

    def juror(self, seconds: float) -> Juror:
        """The record."""
        hearing, juror = self._hearing, self._hearing.juror
        place = None if juror.agent == CHAT else Place(cli_judge.CASE, cli_judge.WORK)
        words = hearing.words(place, "MARK")
        return Juror(
            number=hearing.number,
            question=hearing.question.topic,
            agent=juror.agent,
            model=juror.model or "",
            version=_version(juror),
            prompt_sha256=hashlib.sha256(words.encode()).hexdigest(),
            status=self._status,
            tries=self._tries,
            opinions=opinions(self._said, Quotes(hearing.case.files.read)),
            detail=self._detail,
            seconds=round(seconds, 3),
            models=self._models,
            cost_usd=None if None in self._costs else sum(cost or 0.0 for cost in self._costs),
        )

    def _count(self, given: Answered) -> None:
        for name, use in given.models.items():
            self._models[name] = self._models[name].plus(use) if name in self._models else use
        if given.models:
            self._costs.append(given.cost_usd)
        self._purse.pay(given.cost_usd)

    def _refuse(self, given: Answered, why: str, number: int) -> None:
        words = given.file or given.text
        if words:
            refused = self._hearing.folder / f"refused-{number}.txt"
            write_bytes(refused, clear(words).encode("utf-8", "backslashreplace"))
        if given.failure:
            self._detail, self._remark = quote(given.failure), ""
            return
        self._status, self._detail, self._remark = "malformed", why, why


def _version(juror: JurorChoice) -> str:
    if juror.agent == CHAT:
        return ""
    try:
        agent: Agent = make("agent", juror.agent)
        return agent.version(as_agent(juror))
    except Exception:  # it was not reached, and the detail says why
        return ""
