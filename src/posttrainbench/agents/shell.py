"""Any command as an agent: a script, a CLI that has no module here yet."""

from __future__ import annotations

from importlib.metadata import version
from typing import ClassVar

from ..errors import SpecError
from ..gateway import Api
from ..spec import AgentChoice
from . import AgentLaunch, Desk, PlainAgent, Provider

_OPENAI = ("https://api.openai.com/v1", "OPENAI_BASE_URL", "OPENAI_API_KEY")
_USUAL: dict[Api, tuple[str, str, str]] = {
    "anthropic": ("https://api.anthropic.com", "ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY"),
    "openai-responses": _OPENAI,
    "openai-chat": _OPENAI,
    "gemini": (
        "https://generativelanguage.googleapis.com", "GOOGLE_GEMINI_BASE_URL", "GEMINI_API_KEY",
    ),
}  # fmt: skip
"""The usual endpoint of an API, and the variables in which programs look for address and key."""
_APIS = ", ".join(_USUAL)


class Shell(PlainAgent):
    """Runs ``options["command"]`` with bash in the workspace; its output is kept as it is.

    The prompt comes on standard input, and stands in the file ``$PTB_PROMPT``.
    """

    name = "shell"
    title = "any command (-o command=...)"
    options: ClassVar[dict[str, str]] = {
        "command": "what bash runs in the workspace",
        "api": f"of the model that it asks: {_APIS}; without it, none",
    }

    def version(self, choice: AgentChoice | None = None) -> str:  # noqa: ARG002 - the protocol's
        """Of this package; what the command starts is unknown to us."""
        return version("posttrainbench")

    def provider(self, choice: AgentChoice) -> Provider | None:
        """Where the command finds a model; ``None`` without the option ``api``."""
        for api, (url, _, key) in _USUAL.items():
            if api == choice.options.get("api"):
                return Provider(api, choice.base_url or url, choice.key_variable or key, api)
        return None

    def check(self, choice: AgentChoice) -> None:
        """Refuse a missing command, and choices that mean nothing to a plain command.

        Raises:
            SpecError: names what is wrong.
        """
        for option in choice.options:
            if option not in self.options:
                raise SpecError(f"agent 'shell' has no option {option!r}", advice="command, api")
        if not choice.options.get("command", "").strip():
            raise SpecError("agent 'shell' needs the option command", advice="-o command='...'")
        if choice.version or choice.reasoning_effort or choice.login != "api-key":
            raise SpecError(
                "agent 'shell' has no version, reasoning_effort or login to choose",
                advice="put them into the command",
            )
        api, asks = choice.options.get("api"), choice.base_url or choice.key_variable
        if self.provider(choice) is None and (api or asks or choice.model):
            what = f"knows no API {api!r}" if api else "asks a model only with the option api"
            raise SpecError(f"agent 'shell' {what}", advice=f"the option api is one of: {_APIS}")

    def launch(self, desk: Desk, choice: AgentChoice) -> AgentLaunch:
        """Start bash on a file with the command, which so stands in no process argument.

        Raises:
            SpecError: see :meth:`check`.
        """
        self.check(choice)
        env = {"PTB_PROMPT": f"{desk.home}/prompt.md", "PTB_MODEL": desk.model}
        env |= {"PTB_DATA": desk.data, "PTB_PYTHON": desk.python}
        provider = self.provider(choice)
        if provider is not None and desk.endpoint is not None:
            _, url, key = _USUAL[provider.api]
            env |= dict.fromkeys(("PTB_BASE_URL", url), desk.endpoint.url)
            env |= dict.fromkeys(("PTB_API_KEY", key), desk.endpoint.key)
            env["PTB_LLM"] = choice.model or ""
        prompt, command = desk.prompt.encode(), choice.options["command"].encode()
        return AgentLaunch(
            argv=("/bin/bash", f"{desk.home}/command.sh"),
            env=env,
            stdin=prompt,
            home={"prompt.md": prompt, "command.sh": command + b"\n"},
        )
