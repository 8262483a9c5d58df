"""Gemini CLI: Google's agent, for the Gemini API or a Google account's subscription."""

from __future__ import annotations

import json
import re
from typing import Any, ClassVar

from ..spec import AgentChoice, Effort
from ..traces.events import EventReader
from . import AgentLaunch, Desk, Package, Provider
from .cli_agent import CliAgent
from .cli_options import seconds_option
from .gemini_events import GeminiReader

_LEVELS: dict[str, str] = {"minimal": "MINIMAL", "low": "LOW", "medium": "MEDIUM", "high": "HIGH"}
"""Gemini 3 and later think by level."""
_BUDGETS: dict[str, int] = {"minimal": 1024, "low": 1024, "medium": 8192, "high": 24576}
"""Gemini 2.5 thinks by tokens; these are what Google's own API makes of the same words."""
_THINKS_BY_BUDGET = re.compile(r"gemini-2\.5\b")
_AT = re.compile(r"(?<!\\)@(?=[^ \t\n\r,;!?()\[\]{}.])")

_SILENCE_SHARE, _LEAST_SILENCE_S = 0.25, 300.0


class GeminiCli(CliAgent):
    """``gemini --yolo --output-format stream-json`` with the prompt on standard input."""

    name = "gemini-cli"
    title = "Gemini CLI (Google)"
    cli = Package("@google/gemini-cli", "0.61.0", "gemini")
    served = Provider(
        "gemini", "https://generativelanguage.googleapis.com", "GEMINI_API_KEY", "Gemini API"
    )
    logins = True
    efforts: tuple[Effort, ...] = ("minimal", "low", "medium", "high")
    options: ClassVar[dict[str, str]] = {
        "shell_timeout": "how long a command may run without a word before it is ended; "
        "a quarter of the budget, at least five minutes",
    }

    def check(self, choice: AgentChoice) -> None:
        """Refuse unknown options and efforts, and a time that is none.

        Raises:
            SpecError: names what is wrong and what is possible.
        """
        super().check(choice)
        seconds_option(self.name, choice, "shell_timeout")

    def launch(self, desk: Desk, choice: AgentChoice) -> AgentLaunch:
        """The command for one attempt; ``desk`` has an endpoint or a login.

        Raises:
            SpecError: neither of them, or an option that makes no sense.
            MissingRequirementError: the CLI is not installed.
        """
        self.check(choice)
        installed = self.installed(choice)
        env = {
            "GEMINI_SANDBOX": "false",  # it is in one
            "GEMINI_CLI_TRUST_WORKSPACE": "true",
            "GEMINI_CLI_NO_RELAUNCH": "true",  # a second process, deaf to signals
            "GEMINI_TELEMETRY_ENABLED": "false",
            "NO_BROWSER": "true",
        }
        home: dict[str, bytes] = {}
        if desk.login is not None:
            auth = "oauth-personal"
            env |= desk.login.env
            home |= desk.login.files
        elif desk.endpoint is not None:
            auth = "gemini-api-key"
            env["GOOGLE_GEMINI_BASE_URL"] = desk.endpoint.url
            env["GEMINI_API_KEY"] = desk.endpoint.key
        else:
            raise self.no_way_in()
        silence = seconds_option(self.name, choice, "shell_timeout") or max(
            _LEAST_SILENCE_S, _SILENCE_SHARE * desk.budget_seconds
        )
        home[".gemini/settings.json"] = json.dumps(_settings(choice, auth, silence)).encode()
        argv = [str(installed.program), "--yolo", "--output-format", "stream-json"]
        if choice.model is not None:
            argv += ["--model", choice.model]
        if desk.session_id:
            argv += ["--resume", desk.session_id]
        return AgentLaunch(
            argv=tuple(argv),
            env=env,
            stdin=literal(desk.prompt).encode(),
            home=home,
            mounts=installed.mounts,
        )

    def events(self) -> EventReader:
        """A reader for its stream of JSON lines."""
        return GeminiReader()


def literal(prompt: str) -> str:
    """The prompt such that the CLI takes it as words.

    What begins with ``/`` or ``?`` is a command of the CLI, or is left out of the history when the
    session goes on: a word comes before it.  ``@name`` would put the content of a file there: such
    an ``@`` gets a backslash, which the model sees.
    """
    text = _AT.sub(r"\\@", prompt)
    return f"Task: {text}" if text.lstrip()[:1] in ("/", "?") else text


def _settings(choice: AgentChoice, auth: str, silence: float) -> dict[str, Any]:
    """The user's settings; a project's own settings in the workspace would win over them."""
    settings: dict[str, Any] = {
        "security": {"auth": {"selectedType": auth}},
        "privacy": {"usageStatisticsEnabled": False},
        "telemetry": {"enabled": False},
        "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
        "ui": {"showCompatibilityWarnings": False},
        "tools": {"useRipgrep": False, "shell": {"inactivityTimeout": round(silence)}},
    }
    if choice.reasoning_effort is not None:
        settings["modelConfigs"] = {"customOverrides": _thinking(choice)}
    return settings


def _thinking(choice: AgentChoice) -> list[dict[str, Any]]:
    """How much to think, for the CLI's own two families of models and for the chosen one."""
    effort = choice.reasoning_effort or ""
    level, budget = {"thinkingLevel": _LEVELS[effort]}, {"thinkingBudget": _BUDGETS[effort]}
    families: dict[str, dict[str, Any]] = {"chat-base-3": level, "chat-base-2.5": budget}
    if choice.model is not None:
        families[choice.model] = budget if _THINKS_BY_BUDGET.search(choice.model) else level
    return [
        {
            "match": {"model": model},
            "modelConfig": {"generateContentConfig": {"thinkingConfig": thinking}},
        }
        for model, thinking in families.items()
    ]
