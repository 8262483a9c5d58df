"""A judge behind an endpoint of OpenAI's chat API: it is handed the case, and only answers."""

from __future__ import annotations

import os
import secrets
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from ...agents import Provider
from ...errors import MissingRequirementError, SpecError
from ...records import write_bytes
from ...spec import JurorChoice
from ...traces.redaction import Redactor
from ...traces.writer import TraceWriter
from ..solving.accounts import account
from ..solving.keys import agent_key, known_secrets
from .chat_request import ChatRequest
from .hearing import Answered, Hearing, as_agent
from .selection import CHARACTERS, selection

OPTIONS = {
    "characters": f"of the case that it is handed; {CHARACTERS} by default",
    "json": "on: ask the endpoint for a JSON object (response_format)",
}
_PUBLIC, _URL_VARIABLE, _KEY = "https://api.openai.com/v1", "OPENAI_BASE_URL", "OPENAI_API_KEY"
_OUTPUT = 64_000_000


def provider_of(juror: JurorChoice) -> Provider:
    """Where it is asked.

    Raises:
        SpecError: the address is none, or holds credentials.
    """
    url = juror.base_url or os.environ.get(_URL_VARIABLE) or _PUBLIC
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc or parts.query:
        raise SpecError(
            "the judge's base_url is no plain address of an endpoint",
            advice="it looks like https://host/v1, without a key in it",
        )
    return Provider("openai-chat", url, juror.key_variable or _KEY, "a chat endpoint")


def check(juror: JurorChoice) -> None:
    """Refuse what makes no sense.

    Raises:
        SpecError: names what is wrong.
    """
    if not juror.model:
        raise SpecError("the judge 'chat' needs a model", advice="such as --judge chat:MODEL")
    if juror.version:
        raise SpecError("the judge 'chat' has no version to choose", advice="leave it out")
    for option in juror.options:
        if option not in OPTIONS:
            raise SpecError(
                f"the judge 'chat' has no option {option!r}", advice=f"it has {', '.join(OPTIONS)}"
            )
    if juror.options.get("json", "on") not in ("on", "off"):
        raise SpecError("the judge 'chat': option json is on or off", advice="json=on")
    _characters(juror)
    provider_of(juror)


def ask(hearing: Hearing, number: int, remark: str, cost_left: float | None) -> Answered:
    """Ask once.

    Args:
        number: of the try.
        remark: why the last answer could not be used.
        cost_left: dollars; ``None``: no limit.

    Raises:
        RunInterruptedError: the worker was told to stop.
        MissingRequirementError: no key, or no package.
        SpecError: the choice makes no sense.
    """
    juror = hearing.juror
    check(juror)
    for name in ("httpx", "genai_prices"):
        if find_spec(name) is None:
            raise MissingRequirementError(
                f"the judge 'chat' needs the Python package {name.replace('_', '-')}",
                advice="install posttrainbench[eval]",
            )
    provider, choice = provider_of(juror), as_agent(juror)
    key = agent_key(provider, choice)
    hidden = known_secrets(provider, hearing.case.spec.evaluation.grader) | {"judge-key": key}
    if why := _too_dear(provider, juror, cost_left):
        return Answered(failure=why, hopeless=True)
    messages = _messages(hearing, remark)
    prompt = "\n--- the next message ---\n\n".join(messages.values())
    write_bytes(hearing.folder / "prompt.md", prompt.encode("utf-8", "backslashreplace"))
    body: dict[str, Any] = {
        "model": juror.model,
        "messages": [{"role": role, "content": text} for role, text in messages.items()],
    }
    if juror.reasoning_effort is not None:
        body["reasoning_effort"] = juror.reasoning_effort
    if juror.options.get("json") == "on":
        body["response_format"] = {"type": "json_object"}
    reply = ChatRequest(
        provider.base_url, key, body, hearing.seconds, hearing.should_stop, hearing.progress
    ).send()
    redactor = Redactor(hidden)
    text, failure = redactor.text(reply.text), redactor.text(reply.failure)
    with TraceWriter(hearing.output_file(number), secrets=hidden, cap_bytes=_OUTPUT) as output:
        output.write("stdout", f"{text}\n".encode("utf-8", "backslashreplace"))
        output.write("stderr", f"{failure}\n".encode("utf-8", "backslashreplace"))
    metered = {str(juror.model): reply.use} if reply.use is not None else {}
    money = account(metered, {}, provider, choice)
    return Answered(
        text=text,
        failure=failure,
        hopeless=reply.hopeless,
        models=money.models,
        cost_usd=money.cost_usd,
    )


def _messages(hearing: Hearing, remark: str) -> dict[str, str]:
    """The task as the system's words, the case as the user's, marked off by a random number."""
    mark = secrets.token_hex(12)
    data = selection(hearing.case, mark, _characters(hearing.juror))
    return {
        "system": hearing.words(None, mark, remark),
        "user": f"{data}\nThat was the whole case. Answer with the JSON object now.\n",
    }


def _too_dear(provider: Provider, juror: JurorChoice, cost_left: float | None) -> str:
    """Why it is not asked, where dollars are limited."""
    from ...gateway.prices import known_price

    if cost_left is None:
        return ""
    if cost_left <= 0:
        return "the sitting has reached its limit of cost (judge.max_cost)"
    if juror.price is None and not known_price(str(juror.model), provider.base_url):
        return f"no price is known for {juror.model!r}, and the sitting has a limit of cost"
    return ""


def _characters(juror: JurorChoice) -> int:
    value = juror.options.get("characters", str(CHARACTERS))
    if not (value.isascii() and value.isdigit() and 4 < len(value) < 9):
        raise SpecError(
            f"the judge 'chat': option characters={value!r} is no number of at least 10000",
            advice="about four characters are a token",
        )
    return int(value)
