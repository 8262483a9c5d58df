"""Our engines as an inspect model provider named ``ptb``.

Messages and tools are rendered with the family's own template, whatever the submission brings; the
tool calls of the answer are read by our parser.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageTool,
    GenerateConfig,
    Model,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    get_model,
    modelapi,
)
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.tool import ToolCall, ToolChoice, ToolInfo
from inspect_ai.util import store

from ..templates import render, stop_strings
from . import Completion, Engine, Prompt, Sampling
from .seeds import request_seed
from .serving import EngineThread
from .tool_calls import parse_answer

_SAMPLE, _EPOCH, _CALL = "ptb:sample", "ptb:epoch", "ptb:call"


@dataclass(frozen=True)
class Serving:
    """What the provider serves, and how.

    Args:
        family: decides chat template and tool-call format.
        seed: the run seed, from which every request's own seed is derived.
        max_tokens: limit of an answer; a task may ask for less.
        on_done: told the number of requests answered so far.
    """

    engine: Engine
    family: str
    sampling: Sampling
    seed: int
    max_tokens: int
    on_done: Callable[[int], None] | None = None


class EngineAPI(ModelAPI):
    """Renders, hands to the engine's thread, parses."""

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig | None = None,
        *,
        serving: Serving,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config or GenerateConfig())
        self.thread = EngineThread(serving.engine, serving.sampling, serving.on_done)
        self._family = serving.family
        self._seed = serving.seed
        self._max_tokens = serving.max_tokens
        self._stop = stop_strings(serving.family)

    async def generate(
        self,
        input: list[ChatMessage],
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        """One answer."""
        offered = [] if tool_choice == "none" else [_tool(tool) for tool in tools]
        call = int(store().get(_CALL, 0))
        store().set(_CALL, call + 1)
        sample, epoch = store().get(_SAMPLE, ""), int(store().get(_EPOCH, 1))
        prompt = Prompt(
            text=render(self._family, [_message(message) for message in input], offered),
            max_tokens=min(config.max_tokens or self._max_tokens, self._max_tokens),
            seed=request_seed(self._seed, sample, epoch, call),
            stop=(*self._stop, *(config.stop_seqs or ())),
        )
        return self._output(await self.thread.complete(prompt), call, bool(offered))

    def max_connections(self) -> int:
        """As many samples at once as there are: batches are ours to cut."""
        return 10_000

    def connection_key(self) -> str:
        """One queue for one engine."""
        return "ptb"

    def _output(self, answer: Completion, number: int, with_tools: bool) -> ModelOutput:
        parsed = parse_answer(answer.text) if with_tools else None
        calls = [
            ToolCall(
                id=f"call_{number}_{index}",
                function=call.name,
                arguments=call.arguments,
                parse_error=call.error or None,
            )
            for index, call in enumerate(parsed.calls if parsed else ())
        ]
        message = ChatMessageAssistant(
            content=parsed.text if parsed else answer.text,
            tool_calls=calls or None,
            model=self.model_name,
            source="generate",
        )
        reason = "max_tokens" if answer.stop_reason == "length" else "stop"
        return ModelOutput(
            model=self.model_name,
            choices=[
                ChatCompletionChoice(
                    message=message,
                    stop_reason="tool_calls" if calls and reason == "stop" else reason,
                )
            ],
            usage=ModelUsage(
                input_tokens=answer.prompt_tokens,
                output_tokens=answer.completion_tokens,
                total_tokens=answer.prompt_tokens + answer.completion_tokens,
            ),
            metadata={"raw": answer.text} if parsed and parsed.calls else None,
        )


def serve(serving: Serving) -> Model:
    """The provider as inspect's ``eval`` takes it, shown in logs as ``ptb/<family>-<engine>``."""
    name = f"ptb/{serving.family}-{serving.engine.name}"
    model = get_model(name, memoize=False, serving=serving)
    model.model_args = {}  # they go into the log as JSON, and an engine is none
    return model


def _provider() -> type[ModelAPI]:
    return EngineAPI


ptb = modelapi(name="ptb")(_provider)


def _remember_sample() -> Solver:
    """Note in the sample's store who it is: a provider is not told."""

    async def solve(state: TaskState, _generate: Generate) -> TaskState:
        state.store.set(_SAMPLE, state.sample_id)
        state.store.set(_EPOCH, state.epoch)
        return state

    return solve


remember_sample = solver(name="remember_sample")(_remember_sample)


def _message(message: ChatMessage) -> dict[str, Any]:
    rendered: dict[str, Any] = {"role": message.role, "content": message.text}
    if isinstance(message, ChatMessageAssistant) and message.tool_calls:
        rendered["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.function, "arguments": call.arguments},
            }
            for call in message.tool_calls
        ]
    if isinstance(message, ChatMessageTool):
        rendered["name"] = message.function
    return rendered


def _tool(tool: ToolInfo) -> dict[str, Any]:
    schema = json.loads(tool.parameters.model_dump_json(exclude_none=True))
    return {
        "type": "function",
        "function": {
            "name": tool.name,
            "description": tool.description,
            "parameters": schema,
        },
    }
