"""What a step comes to with the tools that a request offers; what is asked beside the script."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from .schemas import example, mapping
from .steps import Step, ToolUse
from .turn import Asked, Tool, Turn, Use

_SHELLS = (
    "Bash", "bash", "run_shell_command", "exec_command", "shell_command", "shell", "local_shell",
    "terminal",
)  # fmt: skip
_CODE_MODE = "exec"
_CUT_OFF = "This answer is never finished."
"""A cut needs something that it can cut, or the client takes the answer for an empty one."""
_SAME = {"Task": "Agent", "Agent": "Task"}
"""Claude Code lists its tool for sub-agents under one name and offers it under the other."""


class MismatchError(ValueError):
    """The script wants a tool that the request does not offer."""


def shell_tool(tools: Sequence[Tool]) -> Tool | None:
    """The tool in which commands are run; codex' code mode counts as one."""
    named = {tool.name: tool for tool in tools}
    for name in _SHELLS:
        if name in named:
            return named[name]
    return _code_mode(tools)


def is_side(asked: Asked, conversation: str) -> bool:
    """Whether it is asked beside the conversation: a title, a choice of model, who speaks next."""
    return not asked.tools or (shell_tool(asked.tools) is None and not conversation)


def side_turn(asked: Asked) -> Turn:
    """What such a request is told."""
    if asked.wanted is None:
        return Turn(asked.model, text="A scripted title")
    return Turn(asked.model, text=json.dumps(example(asked.wanted or {"type": "object"})))


def turn_of(step: Step, asked: Asked, prefix: str) -> Turn:
    """The step as a turn, with the tools that this request offers.

    Args:
        prefix: what the API's ids of calls begin with.

    Raises:
        MismatchError: a tool of the step is not offered.
    """
    made = [_shell_use(step, asked.tools)] if step.shell is not None else []
    named = [ToolUse(tool=step.tool, input=step.input)] if step.tool else []
    made += [_named_use(use, asked.tools) for use in (*named, *step.calls)]
    mark = secrets.token_hex(8)
    uses = tuple(
        Use(f"{prefix}_{mark}_{number}", tool, given) for number, (tool, given) in enumerate(made)
    )
    says_nothing = not (step.text or step.reasoning or uses)
    text = _CUT_OFF if step.cut and says_nothing else step.text
    return Turn(asked.model, text, step.reasoning, uses, step.usage)


def _code_mode(tools: Sequence[Tool]) -> Tool | None:
    """Codex' one tool for everything, which takes JavaScript."""
    return next((tool for tool in tools if tool.free and tool.name == _CODE_MODE), None)


def _shell_use(step: Step, tools: Sequence[Tool]) -> tuple[Tool, dict[str, Any] | str]:
    tool = shell_tool(tools)
    if tool is None:
        raise MismatchError(f"no shell tool is offered, only: {_offered(tools)}")
    if tool.free:
        return tool, _javascript("exec_command", {"cmd": step.shell, **step.args})
    properties = mapping(tool.schema.get("properties"))
    key = "cmd" if "cmd" in properties else "command"
    listed = mapping(properties.get(key)).get("type") == "array"
    arguments: dict[str, Any] = {key: ["bash", "-lc", step.shell] if listed else step.shell}
    if "description" in properties:
        arguments["description"] = "scripted call"
    needed = tool.schema.get("required") or []
    plain = example({"type": "object", "properties": properties, "required": needed})
    given = {name: value for name, value in step.args.items() if name in properties}
    return tool, plain | arguments | given


def _named_use(use: ToolUse, tools: Sequence[Tool]) -> tuple[Tool, dict[str, Any] | str]:
    named = {tool.name: tool for tool in tools}
    for name in (use.tool, _SAME.get(use.tool)):
        if name in named:
            return named[name], use.input
    code = _code_mode(tools)
    if code is None:
        raise MismatchError(f"no tool {use.tool!r} is offered, only: {_offered(tools)}")
    return code, _javascript(use.tool, use.input)


def _javascript(name: str, given: Mapping[str, Any] | str) -> str:
    return f"const r = await tools.{name}({json.dumps(given)}); text(r);"


def _offered(tools: Sequence[Tool]) -> str:
    return ", ".join(tool.name for tool in tools) or "none"
