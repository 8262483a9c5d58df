"""Requests to a vLLM server, and what its answers mean.

``/v1/completions`` with tokens: the prompt is rendered by us and read by our own tokenizer, so that
every engine gets the same.  The server's chat endpoint would render with the submission's template
and take special tokens and tool calls out of the text.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from ...errors import EngineError, EngineTimeoutError
from .. import Completion, Prompt, Sampling
from .vllm_command import HOST
from .vllm_server import Address

CONNECT_S = 30.0
_ASK_S = 20.0
_READY_S = 3.0
_KEEP_S = 60.0
"""Less than the server keeps an idle connection, so that it never closes one that we reuse."""
_BODY_CHARACTERS = 600
_GREEDY_BELOW = 1e-5
_STOP_REASONS = {"stop": "stop", "length": "length"}
_PROGRESS = ("vllm:prompt_tokens_total", "vllm:generation_tokens_total")


class ConnectionLostError(EngineError):
    """The server could not be reached, or went away before it had answered."""


class ServerFailedError(EngineError):
    """The server says that it failed (a status of 500 and up)."""


class VllmClient:
    """Talks to one server from one event loop.

    Args:
        model: the name that the server was given for its model.
        ends: tokens that end an answer, besides the tokenizer's own.
        request_s: how long one answer may take.
    """

    def __init__(
        self, address: Address, model: str, ends: Sequence[int], connections: int, request_s: float
    ) -> None:
        self._model = model
        self._ends = list(ends)
        self._request_s = request_s
        self.context = 0
        """Tokens of prompt and answer together; 0 until :meth:`learn` has asked."""
        self._http = httpx.AsyncClient(
            base_url=address.url,
            headers={"Authorization": f"Bearer {address.key}"},
            limits=httpx.Limits(
                max_connections=None,
                max_keepalive_connections=connections + 8,
                keepalive_expiry=_KEEP_S,
            ),
            timeout=httpx.Timeout(request_s, connect=CONNECT_S, pool=None),
            trust_env=False,  # a proxy has no business with the loopback device
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def learn(self) -> str:
        """The server's version; also notes its context.

        Raises:
            EngineError: it does not answer as vLLM does.
        """
        version = _object(await self._get("/version")).get("version")
        for card in _listed(_object(await self._get("/v1/models")).get("data")):
            if card.get("id") == self._model and isinstance(card.get("max_model_len"), int):
                self.context = int(card["max_model_len"])
        if not self.context or not isinstance(version, str):
            raise EngineError("the vLLM server does not say its version or the model's length")
        return version

    async def complete(
        self, tokens: Sequence[int], max_tokens: int, prompt: Prompt, sampling: Sampling
    ) -> Completion:
        """One answer.

        Args:
            tokens: the prompt's, with room for ``max_tokens`` more.

        Raises:
            EngineError: refused, with the server's words; ConnectionLostError and
                ServerFailedError where the server itself is in trouble.
            EngineTimeoutError: no answer in time.
        """
        greedy = sampling.temperature < _GREEDY_BELOW
        body = {
            "model": self._model,
            "prompt": list(tokens),
            "max_tokens": max_tokens,
            "seed": prompt.seed,
            "stop": [_encodable(stop) for stop in prompt.stop if stop],
            "stop_token_ids": self._ends,
            "temperature": 0.0 if greedy else sampling.temperature,
            "top_p": sampling.top_p,
            "top_k": sampling.top_k or -1,
            "min_p": sampling.min_p,
            "repetition_penalty": sampling.repetition_penalty,
            "add_special_tokens": False,
            "skip_special_tokens": False,
            "spaces_between_special_tokens": False,
            "include_stop_str_in_output": False,
        }
        try:
            response = await self._http.post("/v1/completions", json=body)
        except httpx.TimeoutException as error:
            raise EngineTimeoutError(
                f"the vLLM server gave no answer to a request in {self._request_s:g} s"
            ) from error
        except httpx.TransportError as error:
            raise ConnectionLostError(_lost(error)) from error
        if response.status_code != httpx.codes.OK:
            raise _refused(response)
        return _completion(_object(response))

    async def tokens_done(self) -> float:
        """Tokens that the server has read and written so far: it grows while it works.

        Raises:
            EngineError: it does not answer.
        """
        total = 0.0
        for line in (await self._get("/metrics")).text.splitlines():
            name, _, value = line.rpartition(" ")
            if name.partition("{")[0] in _PROGRESS:
                try:
                    total += float(value)
                except ValueError:
                    continue
        return total

    async def _get(self, path: str) -> httpx.Response:
        try:
            response = await self._http.get(path, timeout=_ASK_S)
        except httpx.TimeoutException as error:
            raise EngineTimeoutError(f"the vLLM server does not answer to {path}") from error
        except httpx.TransportError as error:
            raise ConnectionLostError(_lost(error)) from error
        if response.status_code != httpx.codes.OK:
            raise _refused(response)
        return response


def is_ready(address: Address, model: str) -> bool:
    """Whether the server answers, with our model: another program may have taken the port."""
    try:
        # Asked often before anything listens; an HTTP client for that would cost much more.
        socket.create_connection((HOST, address.port), timeout=_READY_S).close()
    except OSError:
        return False
    headers = {"Authorization": f"Bearer {address.key}"}
    try:
        with httpx.Client(base_url=address.url, trust_env=False, timeout=_READY_S) as http:
            if http.get("/health").status_code != httpx.codes.OK:
                return False
            response = http.get("/v1/models", headers=headers)
        cards = _listed(_object(response).get("data"))
    except (httpx.HTTPError, EngineError):
        return False
    return any(card.get("id") == model for card in cards)


def _completion(answer: Mapping[str, Any]) -> Completion:
    choices, usage = _listed(answer.get("choices")), answer.get("usage")
    choice = choices[0] if choices else {}
    text, reason = choice.get("text"), _STOP_REASONS.get(str(choice.get("finish_reason")))
    counts = usage if isinstance(usage, dict) else {}
    read, written = counts.get("prompt_tokens"), counts.get("completion_tokens")
    if not isinstance(text, str) or not isinstance(read, int) or not isinstance(written, int):
        raise EngineError(f"the vLLM server sent no completion: {_short(answer)}")
    if reason is None:
        raise ServerFailedError(
            f"the vLLM server ended an answer as {choice.get('finish_reason')!r}"
        )
    return Completion(
        text, "stop" if reason == "stop" else "length", prompt_tokens=read,
        completion_tokens=written,
    )  # fmt: skip


def _refused(response: httpx.Response) -> EngineError:
    what = f"the vLLM server answers {response.status_code}: {response.text[:_BODY_CHARACTERS]}"
    trouble = response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR
    return ServerFailedError(what) if trouble else EngineError(what)


def _lost(error: httpx.TransportError) -> str:
    return f"the connection to the vLLM server was lost: {type(error).__name__} {error}".rstrip()


def _encodable(text: str) -> str:
    """Without lone surrogates, which no JSON reader takes."""
    return text.encode("utf-8", "replace").decode()


def _object(response: httpx.Response) -> dict[str, Any]:
    try:
        content = response.json()
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise EngineError(f"the vLLM server sent no JSON object: {response.text[:200]!r}")
    return content


def _listed(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _short(value: Any) -> str:
    return json.dumps(value, default=str)[:_BODY_CHARACTERS]
