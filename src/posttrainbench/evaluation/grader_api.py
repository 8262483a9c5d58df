"""The grader as an inspect model provider named ``ptb-grader``.

Inspect's own client for OpenAI-compatible endpoints sends the requests.  What this adds: a cache by
content, waiting with a bound while the endpoint is down, counting, and errors without the key.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import anyio
from inspect_ai.model import (
    ChatMessage,
    GenerateConfig,
    Model,
    ModelAPI,
    ModelOutput,
    StopReason,
    get_model,
    modelapi,
)
from inspect_ai.tool import ToolChoice, ToolInfo

from ..benchmarks.grading.asking import CACHED, REFUSED, current_try
from ..errors import GraderError
from .grader_cache import GraderCache, KeptAnswer
from .grader_trouble import Trouble, judge
from .grader_use import Meter

_SENT = ("max_tokens", "reasoning_effort", "temperature", "top_p", "seed")
"""Settings that reach the endpoint and may change an answer."""
_CLOSING = 5.0
"""Seconds for closing connections."""


@dataclass(frozen=True)
class Patience:
    """How long a grader is waited for; all in seconds."""

    request: float = 900.0
    """One answer, reasoning included."""
    outage: float = 1200.0
    """While no request at all succeeds."""
    first_wait: float = 1.0
    """Doubled after every failure of the same request."""
    longest_wait: float = 60.0
    tries: int = 8
    """For one request that keeps failing while others succeed; then its item stays ungraded."""


@dataclass
class Endpoint:
    """Where the grader is, and what was learnt about it."""

    host: str
    url: str
    key: str = field(repr=False)
    key_variable: str
    patience: Patience
    cache: GraderCache
    meter: Meter
    failure: GraderError | None = None
    """Set when no further request makes sense."""
    answered_at: float = 0.0
    """When the endpoint last gave an answer, on the monotonic clock."""


class _RefusedError(Exception):
    """Inspect turns some refusals into answers; such a text is no answer of the grader's."""

    status_code = 400
    body = None


class GraderAPI(ModelAPI):
    """Asks the cache, else the endpoint."""

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig | None = None,
        *,
        endpoint: Endpoint,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config or GenerateConfig())
        self._endpoint = endpoint
        self._client: ModelAPI | None = None
        self._open = 0

    async def generate(
        self,
        input: list[ChatMessage],
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        """One answer, from the cache if it was paid for before.

        Raises:
            GraderError: the endpoint is down for too long, or refuses us.
            StorageError: the cache cannot be written.
        """
        endpoint = self._endpoint
        sent = {name: getattr(config, name) for name in _SENT}
        key = endpoint.cache.key(
            self.model_name,
            [(message.role, message.text) for message in input],
            {name: value for name, value in sent.items() if value is not None},
            current_try.get(),
        )
        if (kept := endpoint.cache.get(key)) is not None:
            endpoint.meter.cached += 1
            return _again(kept)
        output = await self._patiently(lambda: self._request(input, tools, tool_choice, config))
        if not (output.metadata or {}).get(REFUSED):
            endpoint.cache.put(key, _to_keep(output))
        return output

    def note_malformed(self, why: str) -> None:
        """Count an answer without a verdict."""
        self._endpoint.meter.malformed += 1
        self._endpoint.meter.last_trouble = why

    def should_retry(self, ex: BaseException) -> bool:  # noqa: ARG002 - inspect's signature
        """Never: all waiting is done here."""
        return False

    def connection_key(self) -> str:
        """One limit of connections for one endpoint."""
        return f"ptb-grader {self._endpoint.host}"

    async def _request(
        self,
        input: list[ChatMessage],
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        self._open += 1
        client = self._client = self._client or self._connect()
        try:
            with anyio.fail_after(self._endpoint.patience.request):
                result = await client.generate(input, tools, tool_choice, config)
        finally:
            self._open -= 1
            if self._open == 0:  # its connections belong to an event loop, which may end now
                self._client = None
                with anyio.move_on_after(_CLOSING, shield=True):
                    await client.aclose()
        output, call = result if isinstance(result, tuple) else (result, None)
        if call is not None:  # it stands in the log
            call.response = _without(self._endpoint.key, call.response)
            if call.error and isinstance(output, ModelOutput):
                raise _RefusedError(output.completion)
        if isinstance(output, Exception):
            raise output
        if not output.choices:
            raise ValueError("the answer has no choices")
        return output

    def _connect(self) -> ModelAPI:
        endpoint = self._endpoint
        return get_model(
            f"openai-api/ptb-grader/{self.model_name}",
            base_url=endpoint.url,
            api_key=endpoint.key,
            memoize=False,
            client_timeout=endpoint.patience.request,
            max_retries=0,  # ours to do, where they are counted and bounded
        ).api

    async def _patiently(self, request: Callable[[], Any]) -> ModelOutput:
        """Send a request until it is answered, skipped, or the endpoint is given up."""
        endpoint, patience = self._endpoint, self._endpoint.patience
        started = time.monotonic()
        failures = alone = 0
        while True:
            if endpoint.failure is not None:
                raise endpoint.failure
            try:
                output = self._counted(await request())
            except Exception as error:
                trouble = judge(error, endpoint.key, endpoint.key_variable)
            else:
                return output
            endpoint.meter.last_trouble = trouble.cause
            if trouble.course == "stop":
                raise self._give_up(trouble, f"refuses us: {trouble.cause}")
            if trouble.course == "skip":
                return self._skipped(f"the endpoint refuses the request: {trouble.cause}")
            failures += 1
            alone += trouble.course == "wait" and endpoint.answered_at > started
            if alone >= patience.tries:
                return self._skipped(f"the endpoint failed {alone} times on it: {trouble.cause}")
            left = patience.outage - (time.monotonic() - max(started, endpoint.answered_at))
            if left <= 0:
                raise self._give_up(
                    trouble,
                    f"gave no answer for {patience.outage:.0f} s, {failures} requests in a row "
                    f"failed; the last: {trouble.cause}",
                )
            endpoint.meter.retried += 1
            await anyio.sleep(min(left, _pause(patience, failures, trouble)))

    def _counted(self, output: ModelOutput) -> ModelOutput:
        endpoint = self._endpoint
        endpoint.answered_at = time.monotonic()
        endpoint.meter.answered(output.usage.model_dump() if output.usage else {})
        if endpoint.key in output.model_dump_json():
            output = ModelOutput.model_validate(_without(endpoint.key, output.model_dump()))
        return output

    def _skipped(self, why: str) -> ModelOutput:
        return ModelOutput(model=self.model_name, error=why, metadata={REFUSED: True})

    def _give_up(self, trouble: Trouble, what: str) -> GraderError:
        endpoint = self._endpoint
        endpoint.failure = endpoint.failure or GraderError(
            f"the grader {self.model_name} at {endpoint.host} {what}",
            advice=trouble.advice
            or "verdicts that were paid for are kept; grade again when the endpoint works",
        )
        return endpoint.failure


def grader_model(name: str, config: GenerateConfig, endpoint: Endpoint) -> Model:
    """The provider as inspect's model role takes it."""
    model = get_model(f"ptb-grader/{name}", config=config, memoize=False, endpoint=endpoint)
    model.model_args = {}  # they go into the log as JSON, and the endpoint holds the key
    return model


def _pause(patience: Patience, failures: int, trouble: Trouble) -> float:
    backoff = min(patience.longest_wait, patience.first_wait * 2.0 ** min(failures - 1, 30))
    return max(trouble.retry_after or 0.0, backoff) * random.uniform(1.0, 1.25)


def _without(secret: str, value: Any) -> Any:
    """JSON without a secret that an endpoint repeats."""
    if isinstance(value, str):
        return value.replace(secret, "[key]")
    if isinstance(value, list):
        return [_without(secret, one) for one in value]
    if isinstance(value, dict):
        return {_without(secret, name): _without(secret, one) for name, one in value.items()}
    return value


def _to_keep(output: ModelOutput) -> KeptAnswer:
    usage = output.usage
    return KeptAnswer(
        model=output.model,
        text=output.completion,
        stop_reason=str(output.stop_reason),
        prompt_tokens=usage.total_tokens - usage.output_tokens if usage else 0,
        completion_tokens=usage.output_tokens if usage else 0,
    )


def _again(kept: KeptAnswer) -> ModelOutput:
    reason: StopReason = kept.stop_reason
    output = ModelOutput.from_content(kept.model, kept.text, stop_reason=reason)
    output.metadata = {CACHED: True}
    return output


def _provider() -> type[ModelAPI]:
    return GraderAPI


ptb_grader = modelapi(name="ptb-grader")(_provider)
