"""The grader of open answers: any model behind any endpoint of OpenAI's chat API.

The key is read from the environment of the process that grades, when it grades.  It stands in no
file, log, argument or error.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..errors import GraderError, MissingRequirementError, SpecError
from ..records import GraderUse
from ..spec import GraderChoice
from .grader_cache import GraderCache
from .grader_use import Meter, price

if TYPE_CHECKING:
    from .grader_api import Patience

PUBLIC_ENDPOINT = "https://api.openai.com/v1"
_URL_VARIABLE = "OPENAI_BASE_URL"
_PASSED_ON = (
    _URL_VARIABLE,
    "OPENAI_ORG_ID",
    "OPENAI_PROJECT_ID",
    *(
        spelling
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
        for spelling in (name, name.lower())
    ),
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)
"""What a process needs, beside the key, to reach an endpoint from this machine."""


def endpoint_url(choice: GraderChoice) -> str:
    """The endpoint's address.

    Raises:
        SpecError: it is no address, or holds credentials.
    """
    url = choice.base_url or os.environ.get(_URL_VARIABLE) or PUBLIC_ENDPOINT
    where = "evaluation.grader.base_url" if choice.base_url else _URL_VARIABLE
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not host:
        raise SpecError(
            f"{where} is no address of an endpoint",
            advice="give one like https://host/v1, or leave it out for the public endpoint",
        )
    if parts.username or parts.password or parts.query:
        raise SpecError(
            f"{where} holds credentials, and addresses are recorded",
            advice=f"put the key into {choice.key_variable} and give the bare address",
        )
    return url


def endpoint_host(choice: GraderChoice) -> str:
    """Host, and port where there is one, for records and messages."""
    return urlsplit(endpoint_url(choice)).netloc


def require_grader(choice: GraderChoice) -> None:
    """Check, before anything is generated, that a grader can be asked.

    Raises:
        MissingRequirementError: its key is not set, or a package is not installed.
        SpecError: the endpoint's address is not usable.
    """
    endpoint_url(choice)
    _key(choice)
    from importlib.util import find_spec

    missing = [name for name in ("openai", "genai_prices") if find_spec(name) is None]
    if missing:
        raise MissingRequirementError(
            f"the grader needs the Python package {missing[0].replace('_', '-')}",
            advice="install posttrainbench[eval]",
        )


def endpoint_environment(choice: GraderChoice) -> dict[str, str]:
    """The variables that a grading process needs from this one: the key, and the way out."""
    names = (choice.key_variable, *_PASSED_ON)
    return {name: os.environ[name] for name in names if os.environ.get(name)}


def protocol_grader(choice: GraderChoice) -> bool:
    """Whether this is the grader of the published scores."""
    default = GraderChoice()
    names = ("model", "reasoning_effort", "max_tokens")
    return all(getattr(choice, name) == getattr(default, name) for name in names)


class Grader:
    """One grader at work: inspect's model for the role, its cache, its counters.

    Args:
        choice: which model, where.
        cache: folder of answers that were paid for; ``None`` keeps none.
        patience: how long to wait; ``None`` takes the defaults.

    Raises:
        MissingRequirementError, SpecError: as :func:`require_grader`.
    """

    def __init__(
        self, choice: GraderChoice, cache: Path | None, patience: Patience | None = None
    ) -> None:
        from inspect_ai.model import GenerateConfig

        from .grader_api import Endpoint, Patience, grader_model

        require_grader(choice)
        self._choice = choice
        self._meter = Meter()
        self._endpoint = Endpoint(
            host=endpoint_host(choice),
            url=endpoint_url(choice),
            key=_key(choice),
            key_variable=choice.key_variable,
            patience=patience or Patience(),
            cache=GraderCache(cache),
            meter=self._meter,
        )
        effort = None if choice.reasoning_effort == "none" else choice.reasoning_effort
        config = GenerateConfig(
            max_tokens=choice.max_tokens,
            reasoning_effort=effort,
            max_connections=choice.connections,
        )
        self.model = grader_model(choice.model, config, self._endpoint)

    @property
    def failure(self) -> GraderError | None:
        """Why no further request made sense."""
        return self._endpoint.failure

    @property
    def last_trouble(self) -> str:
        """The last failed request or unreadable answer, in words."""
        return self._meter.last_trouble

    def use(self, prompt: str) -> GraderUse:
        """What was asked so far, and what it cost.

        Args:
            prompt: whose wording it was asked with.
        """
        meter = self._meter
        dollars, source = price(meter, self._choice.model, self._endpoint.url)
        return GraderUse(
            model=self._choice.model,
            endpoint=self._endpoint.host,
            prompt=prompt,
            calls=meter.calls,
            cached=meter.cached,
            retried=meter.retried,
            malformed=meter.malformed,
            prompt_tokens=meter.prompt_tokens,
            completion_tokens=meter.completion_tokens,
            cost_usd=dollars,
            cost_source=source,
        )


def _key(choice: GraderChoice) -> str:
    name = choice.key_variable
    value = os.environ.get(name, "").strip()
    if not value:
        raise MissingRequirementError(
            f"the grader {choice.model} needs a key, and {name} is not set",
            advice=f"export {name}=...; for an endpoint that wants no key, any word will do",
        )
    if not value.isascii() or not value.isprintable() or " " in value:
        raise MissingRequirementError(
            f"{name} holds characters that no key has", advice="set it again, without line ends"
        )
    return value
