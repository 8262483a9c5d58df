"""One request to an endpoint of OpenAI's chat API, sent until it is answered or time is over."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import RunInterruptedError
from ...records import TokenUse

if TYPE_CHECKING:
    import httpx

FIRST_WAIT_S, LONGEST_WAIT_S = 2.0, 60.0
_MOST_SENT = 6
_LARGEST = 16_000_000
_POLL_S, _CONNECT_S, _CLOSE_S = 0.2, 30.0, 2.0
_SHOWN = 300
_LATE = "the endpoint gave no answer in time"


@dataclass(frozen=True)
class Reply:
    """What came of it."""

    text: str = ""
    failure: str = ""
    hopeless: bool = False
    """Whether the endpoint would refuse every such request."""
    again: bool = False
    """Whether the same request may be sent once more."""
    use: TokenUse | None = None


@dataclass
class ChatRequest:
    """A request and its clock.

    Args:
        url: of the endpoint, with ``/v1`` where it has that.
        key: empty for an endpoint that wants none.
        seconds: for everything, waiting included.
        should_stop: asked several times a second.
        on_wait: told the seconds that are left.
    """

    url: str
    key: str
    body: Mapping[str, Any]
    seconds: float
    should_stop: Callable[[], bool]
    on_wait: Callable[[float], None]

    def send(self) -> Reply:
        """Send it; an endpoint that is busy or down is asked again while the time lasts.

        Raises:
            RunInterruptedError: ``should_stop`` said so.
        """
        self._deadline = time.monotonic() + self.seconds
        reply = Reply(failure=_LATE)
        for sent in range(_MOST_SENT):
            if sent:
                self._wait(min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (sent - 1)))
            if time.monotonic() >= self._deadline:
                break
            reply = self._watched()
            if not reply.again:
                break
        return reply

    def _wait(self, seconds: float) -> None:
        until = min(time.monotonic() + seconds, self._deadline)
        while (left := until - time.monotonic()) > 0:
            self._go_on()
            time.sleep(min(_POLL_S, left))

    def _watched(self) -> Reply:
        """Send it in a thread, so that neither a person nor the clock waits for it."""
        import httpx

        replies: list[Reply] = []
        left = self._deadline - time.monotonic()
        client = httpx.Client(timeout=httpx.Timeout(left, connect=min(_CONNECT_S, left)))
        thread = threading.Thread(
            target=lambda: replies.append(self._once(client)), name="ptb-judge", daemon=True
        )
        thread.start()
        try:
            while thread.is_alive() and time.monotonic() < self._deadline:
                self._go_on()
                self.on_wait(self._deadline - time.monotonic())
                thread.join(_POLL_S)
        finally:
            client.close()
            thread.join(_CLOSE_S)
        late = time.monotonic() >= self._deadline
        if not replies or (late and replies[0].again):  # the failure is that of our own closing
            return Reply(failure=_LATE)
        return replies[0]

    def _go_on(self) -> None:
        if self.should_stop():
            raise RunInterruptedError("stopped while a judge was asked")

    def _once(self, client: httpx.Client) -> Reply:
        import httpx

        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        url = f"{self.url.rstrip('/')}/chat/completions"
        try:
            with client.stream("POST", url, json=self.body, headers=headers) as answer:
                raw = b""
                for chunk in answer.iter_bytes():
                    raw += chunk
                    if len(raw) > _LARGEST:
                        return Reply(failure="the endpoint's answer is too large")
                return read_reply(answer.status_code, raw)
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError, RuntimeError) as e:
            return Reply(failure=f"{type(e).__name__}: {e}"[:_SHOWN], again=True)


def read_reply(status: int, raw: bytes) -> Reply:
    """The words of an answer, or what its failure means."""
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):
        data = None
    data = data if isinstance(data, dict) else {}
    if status != 200:
        error = data.get("error")
        words = error.get("message", "") if isinstance(error, dict) else ""
        words = str(words or raw[:_SHOWN].decode("utf-8", "replace"))
        again = status in (408, 409, 429) or status >= 500
        return Reply(failure=f"HTTP {status}: {words}"[:_SHOWN], hopeless=not again, again=again)
    try:
        text = data["choices"][0]["message"]["content"]
    except (LookupError, TypeError):
        text = None
    use = _use(data.get("usage"))
    if not isinstance(text, str) or not text.strip():
        return Reply(failure="the endpoint's answer holds no text", use=use)
    return Reply(text=text, use=use)


def _use(told: Any) -> TokenUse:
    def number(*names: str) -> int:
        value: Any = told
        for name in names:
            value = value.get(name) if isinstance(value, dict) else None
        return value if type(value) is int and 0 <= value < 1 << 50 else 0

    return TokenUse(
        input=number("prompt_tokens"),
        cached=number("prompt_tokens_details", "cached_tokens"),
        output=number("completion_tokens"),
        reasoning=number("completion_tokens_details", "reasoning_tokens"),
        requests=1,
    )
