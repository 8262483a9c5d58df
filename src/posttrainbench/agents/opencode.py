"""OpenCode: an agent for many providers, and for every endpoint that speaks OpenAI's chat API."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from ..errors import SpecError
from ..spec import AgentChoice, Effort
from ..traces.events import EventReader
from . import AgentLaunch, Desk, Package, Provider
from .cli_agent import CliAgent
from .cli_options import number_option, seconds_option
from .opencode_events import OpenCodeReader
from .opencode_providers import find_provider, thinking

_KEY = "PTB_API_KEY"
_PLUGIN = "@opencode-ai/plugin"
_DEFAULT_LIMIT = {"context": 131_072, "output": 32_000}
"""Tokens, of a model that the CLI's own catalogue cannot know."""

_QUIET = {
    "OPENCODE_DISABLE_MODELS_FETCH": "1",
    "OPENCODE_DISABLE_AUTOUPDATE": "1",
    "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
    "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
    "OPENCODE_DISABLE_SHARE": "1",
    "OPENCODE_PURE": "1",
    # A file of the workspace could send the key to another address, or want plugins installed.
    "OPENCODE_DISABLE_PROJECT_CONFIG": "1",
}


class OpenCode(CliAgent):
    """``opencode run --format json`` with the prompt on standard input."""

    name = "opencode"
    title = "OpenCode"
    cli = Package("opencode-ai", "1.18.33", "opencode")
    efforts: tuple[Effort, ...] = ("minimal", "low", "medium", "high", "xhigh", "max")
    options: ClassVar[dict[str, str]] = {
        "context": "tokens that the model takes in all; together with output",
        "output": "the most tokens of one answer; together with context",
        "shell_timeout": "of a command for which the model sets none itself; two minutes",
    }

    def provider(self, choice: AgentChoice) -> Provider:
        """Whom the first part of the model's name means.

        Raises:
            SpecError: no model, no such provider, or a key variable is missing.
        """
        return find_provider(choice)[0]

    def check(self, choice: AgentChoice) -> None:
        """Refuse what cannot work: unknown options, providers and efforts, half of a limit.

        Raises:
            SpecError: names what is wrong and what is possible.
        """
        super().check(choice)
        self.provider(choice)
        thinking(choice)
        seconds_option(self.name, choice, "shell_timeout")
        limits = [number_option(self.name, choice, name) for name in ("context", "output")]
        if None in limits and any(limits):
            raise SpecError(
                f"agent {self.name!r}: the options context and output belong together",
                advice="give both, in tokens",
            )

    def launch(self, desk: Desk, choice: AgentChoice) -> AgentLaunch:
        """The command for one attempt; ``desk`` has an endpoint.

        Raises:
            SpecError: no endpoint, or an option that makes no sense.
            MissingRequirementError: the CLI is not installed.
        """
        self.check(choice)
        installed = self.installed(choice)
        if desk.endpoint is None:
            raise SpecError(
                f"agent {self.name!r} got no endpoint",
                advice="set agent.key_variable to the variable that holds the key",
            )
        env = {**_QUIET, _KEY: desk.endpoint.key or "none", "PWD": desk.workspace}
        timeout = seconds_option(self.name, choice, "shell_timeout")
        if timeout is not None:
            env["OPENCODE_EXPERIMENTAL_BASH_DEFAULT_TIMEOUT_MS"] = str(round(timeout * 1000))
        output = number_option(self.name, choice, "output")
        if output is not None:
            env["OPENCODE_EXPERIMENTAL_OUTPUT_TOKEN_MAX"] = str(output)
        argv = [str(installed.program), "run", "--model", choice.model or ""]
        argv += ["--format", "json", "--thinking"]
        variant = thinking(choice).variant
        argv += ["--variant", variant] if variant else []
        # A session without a title asks the model for one.
        argv += ["--session", desk.session_id] if desk.session_id else ["--title", "task"]
        return AgentLaunch(
            argv=tuple(argv),
            env=env,
            stdin=desk.prompt.encode(),
            home=_home(self._config(choice, desk.endpoint.url), installed.version),
            mounts=installed.mounts,
        )

    def events(self) -> EventReader:
        """A reader for its stream of JSON lines."""
        return OpenCodeReader()

    def _config(self, choice: AgentChoice, url: str) -> dict[str, Any]:
        kind = find_provider(choice)[1]
        name, _, model = (choice.model or "").partition("/")
        entry: dict[str, Any] = {"options": thinking(choice).options}
        context = number_option(self.name, choice, "context")
        if context is not None:
            entry["limit"] = {
                "context": context, "output": number_option(self.name, choice, "output"),
            }  # fmt: skip
        elif not kind.in_catalogue:
            entry["limit"] = _DEFAULT_LIMIT
        served: dict[str, Any] = {
            "options": {"baseURL": url, "apiKey": f"{{env:{_KEY}}}"},
            "models": {model: entry},
        }
        if not kind.in_catalogue:
            entry |= {"name": model, "tool_call": True, "reasoning": True}
            served |= {"npm": kind.package, "name": name}
        return {
            "permission": "allow",
            "autoupdate": False,
            "share": "disabled",
            "snapshot": False,  # it would copy weights into a git store after every step
            "model": choice.model,
            "small_model": choice.model,
            "enabled_providers": [name],
            "provider": {name: served},
        }


def _home(config: dict[str, Any], version: str) -> dict[str, bytes]:
    """The configuration, and beside it what looks like the plug-in package already installed:
    otherwise the CLI fetches it from the package registry in the background."""
    listed = {"dependencies": {_PLUGIN: version}}
    files = {
        "opencode.json": config,
        "package.json": listed,
        "package-lock.json": {"lockfileVersion": 3, "packages": {"": listed}},
        "node_modules/.package-lock.json": {"lockfileVersion": 3, "packages": {}},
    }
    return {f".config/opencode/{name}": json.dumps(data).encode() for name, data in files.items()}
