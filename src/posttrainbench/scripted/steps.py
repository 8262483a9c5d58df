"""One turn of the scripted model, as a script writes it down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Words = Annotated[str, Field(min_length=1)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ToolUse(Strict):
    """One call of a tool that the request offers."""

    tool: Words
    input: dict[str, Any] | str = Field(default_factory=dict)
    """Arguments; a text for a tool that takes free text."""


class Tokens(Strict):
    """What an answer claims to have used; every API tells it by its own convention."""

    input: Count = 1000
    """All prompt tokens: cached and written to the cache ones, too."""
    cached: Count = 200
    cache_write: Count = 0
    output: Count = 50
    """All answer tokens: reasoning, too."""
    reasoning: Count = 7

    @model_validator(mode="before")
    @classmethod
    def _fitting(cls, data: Any) -> Any:
        """Numbers that were left out never contradict one that was given."""
        if not isinstance(data, dict):
            return data
        data = dict(data)
        for part, whole, usual in (("cached", "input", 200), ("reasoning", "output", 7)):
            if part not in data and isinstance(data.get(whole), int):
                data[part] = max(0, min(usual, data[whole] - _number(data, part, whole)))
        return data

    @model_validator(mode="after")
    def _parts_of(self) -> Tokens:
        if self.cached + self.cache_write > self.input:
            raise ValueError("cached and cache_write are parts of input, but exceed it")
        if self.reasoning > self.output:
            raise ValueError("reasoning is a part of output, but exceeds it")
        return self


class Step(Strict):
    """One turn of the model."""

    when: str = ""
    """Only in a plain list of steps: words that make it a sub-agent's step."""
    text: str = ""
    reasoning: str = ""
    """Shown as thinking, in the API's own way."""
    shell: Words | None = None
    """A command for whatever shell tool the request offers."""
    args: dict[str, Any] = Field(default_factory=dict)
    """Further arguments of the shell tool, where its schema has them."""
    tool: Words | None = None
    """Any offered tool by name, called with ``input``."""
    input: dict[str, Any] | str = Field(default_factory=dict)
    calls: list[ToolUse] = Field(default_factory=list)
    """Several calls in one turn."""
    status: Annotated[int, Field(ge=400, le=599)] | None = None
    """Answer with this HTTP status instead."""
    limit: bool = False
    """The 429 of a quota that is used up, rather than of too many requests at once."""
    message: str = ""
    """Of the refusal; empty: words that the API itself would use."""
    retry_after: Count | None = None
    """Seconds, told with the refusal."""
    hang: Seconds = 0.0
    """Seconds of silence after the first event of a stream, or before an answer without one."""
    cut: bool = False
    """Close the connection in the middle of the answer."""
    times: Annotated[int, Field(ge=1)] | None = None
    """The trouble holds for so many requests of this step, then it goes on; ``None``: for all."""
    delay: Seconds = 0.0
    """Seconds before anything is answered."""
    usage: Tokens = Tokens()

    @model_validator(mode="before")
    @classmethod
    def _limit_is_429(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("limit") is True:
            return {"status": 429, **data}
        return data

    @model_validator(mode="after")
    def _sense(self) -> Step:
        says = {"text", "reasoning", "shell", "tool", "calls", "status", "hang", "cut"}
        if not says & self.model_fields_set:
            raise ValueError(f"a step has at least one of {', '.join(sorted(says))}")
        for key, needed in (
            ("args", ("shell",)), ("input", ("tool",)), ("message", ("status",)),
            ("retry_after", ("status",)), ("times", ("status", "hang", "cut")),
        ):  # fmt: skip
            if key in self.model_fields_set and not any(getattr(self, other) for other in needed):
                raise ValueError(f"{key} goes with {' or '.join(needed)}")
        return self

    @property
    def trouble(self) -> str:
        """What goes wrong in this step: ``status``, ``cut``, ``hang`` or nothing."""
        if self.status is not None:
            return "status"
        return "cut" if self.cut else "hang" if self.hang else ""

    @property
    def kind(self) -> str:
        """What it comes to, in one word."""
        if self.trouble:
            return self.trouble
        if self.shell is not None:
            return "shell"
        return "tool" if self.tool else "calls" if self.calls else "text"

    def healthy(self) -> Step:
        """The step without its trouble."""
        return self.model_copy(update={"status": None, "hang": 0.0, "cut": False})


def _number(data: Mapping[str, Any], part: str, whole: str) -> int:
    """Of ``whole``: what another part of it already takes."""
    other = data.get("cache_write", 0) if whole == "input" else 0
    return other if isinstance(other, int) and part == "cached" else 0
