"""Claude Code: Anthropic's agent, for its API, a Claude subscription, or another such endpoint."""

from __future__ import annotations

import json
import signal
from typing import ClassVar

from ..spec import AgentChoice, Effort
from ..traces.events import EventReader
from . import AgentLaunch, Desk, Package, Provider
from .claude_code_events import ClaudeCodeReader
from .cli_agent import CliAgent
from .cli_options import number_option, one_of, seconds_option

_QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "CLAUDE_CODE_DISABLE_TERMINAL_TITLE": "1",
    "CLAUDE_CODE_DISABLE_FILE_MENTIONS": "1",  # `@name` in the prompt is no file to attach
    "IS_SANDBOX": "1",  # root may skip the questions about permissions
}
_SETTINGS = {"skipWebFetchPreflight": True}  # else it asks Anthropic about every host
_TIERS = ("HAIKU", "SONNET", "OPUS", "FABLE")
_KEY_HEADERS = {"x-api-key": "ANTHROPIC_API_KEY", "bearer": "ANTHROPIC_AUTH_TOKEN"}
_LEAST_TIMEOUT_S, _TIMEOUT_SHARE = 600.0, 0.1
_LONGEST_MS = 2**31 - 1

_ALONE = (
    "You work on your own: nobody reads along, nobody answers a question, and your work is over "
    "with your last message. A command that was started with run_in_background goes on after "
    "your message, and you are told when it ends; everything else that still runs is killed. "
    "A command without a `timeout` of its own may be stopped after {least} minutes, in the "
    "background too: give a longer one to every training (at most {most} ms)."
)


class ClaudeCode(CliAgent):
    """``claude --print --output-format stream-json`` with the prompt on standard input."""

    name = "claude-code"
    title = "Claude Code (Anthropic)"
    cli = Package("@anthropic-ai/claude-code", "2.1.332", "claude")
    served = Provider(
        "anthropic", "https://api.anthropic.com", "ANTHROPIC_API_KEY", "Anthropic API"
    )
    logins = True
    end_signal = signal.SIGINT
    efforts: tuple[Effort, ...] = ("low", "medium", "high", "xhigh", "max")
    options: ClassVar[dict[str, str]] = {
        "shell_timeout": "of a command for which the model sets none itself; a tenth of the "
        "budget, at least ten minutes",
        "context": "tokens that the model takes in all, where the CLI does not know the model",
        "output": "the most tokens of one answer",
        "key_header": "where the key goes: x-api-key, or bearer (usual where base_url is set)",
        "web_search": "on or off",
        "retries": "how often a failed request is sent again; usually ten times in three minutes",
    }

    def check(self, choice: AgentChoice) -> None:
        """Refuse unknown options and efforts, and values that are none.

        Raises:
            SpecError: names what is wrong and what is possible.
        """
        super().check(choice)
        seconds_option(self.name, choice, "shell_timeout")
        for name in ("context", "output", "retries"):
            number_option(self.name, choice, name)
        one_of(self.name, choice, "key_header", tuple(_KEY_HEADERS))
        one_of(self.name, choice, "web_search", ("on", "off"))

    def launch(self, desk: Desk, choice: AgentChoice) -> AgentLaunch:
        """The command for one attempt; ``desk`` has an endpoint or a login.

        Raises:
            SpecError: neither of them, or an option that makes no sense.
            MissingRequirementError: the CLI is not installed.
        """
        self.check(choice)
        installed = self.installed(choice)
        home = {".claude/settings.json": json.dumps(_SETTINGS).encode()}
        env = {**_QUIET, **self._times(desk, choice), **self._limits(choice)}
        if "retries" in choice.options:
            env["CLAUDE_CODE_MAX_RETRIES"] = choice.options["retries"]
        if desk.login is not None:
            env |= desk.login.env
            home |= desk.login.files
        elif desk.endpoint is not None:
            env["ANTHROPIC_BASE_URL"] = desk.endpoint.url
            env[self._key_variable(choice)] = desk.endpoint.key or "none"
        else:
            raise self.no_way_in()
        argv = [str(installed.program), "--print", "--verbose", "--output-format", "stream-json"]
        argv += ["--dangerously-skip-permissions", "--forward-subagent-text"]
        argv += ["--thinking-display", "summarized"]
        argv += ["--append-system-prompt", _alone(env)]
        argv += ["--model", choice.model] if choice.model is not None else []
        argv += ["--effort", choice.reasoning_effort] if choice.reasoning_effort else []
        argv += ["--disallowedTools", "WebSearch"] * (
            choice.options.get("web_search") == "off" or not desk.network
        )
        argv += [f"--resume={desk.session_id}"] if desk.session_id else []
        return AgentLaunch(
            argv=tuple(argv),
            env=env,
            stdin=literal(desk.prompt).encode(),
            home=home,
            mounts=installed.mounts,
        )

    def events(self) -> EventReader:
        """A reader for its stream of JSON lines."""
        return ClaudeCodeReader()

    def _times(self, desk: Desk, choice: AgentChoice) -> dict[str, str]:
        """How long commands may take, and how long the CLI waits for background tasks."""
        usual = seconds_option(self.name, choice, "shell_timeout") or max(
            _LEAST_TIMEOUT_S, _TIMEOUT_SHARE * desk.budget_seconds
        )
        most = max(usual, desk.budget_seconds, _LEAST_TIMEOUT_S)
        return {
            "BASH_DEFAULT_TIMEOUT_MS": _ms(usual),
            "BASH_MAX_TIMEOUT_MS": _ms(most),
            "CLAUDE_CODE_PRINT_BG_WAIT_CEILING_MS": _ms(most),
        }

    def _limits(self, choice: AgentChoice) -> dict[str, str]:
        """What the CLI cannot know of a model that is not Anthropic's."""
        env: dict[str, str] = {}
        if choice.base_url is not None:
            env["CLAUDE_CODE_DISABLE_EXPERIMENTAL_BETAS"] = "1"
            if choice.model is not None:  # for sub-agents and side requests
                env |= {f"ANTHROPIC_DEFAULT_{tier}_MODEL": choice.model for tier in _TIERS}
        for option, variable in (("context", "CONTEXT"), ("output", "OUTPUT")):
            number = number_option(self.name, choice, option)
            if number is not None:
                env[f"CLAUDE_CODE_MAX_{variable}_TOKENS"] = str(number)
        return env

    def _key_variable(self, choice: AgentChoice) -> str:
        usual = "x-api-key" if choice.base_url is None else "bearer"
        return _KEY_HEADERS[choice.options.get("key_header", usual)]


def literal(prompt: str) -> str:
    """The prompt such that the CLI takes it as words: a leading ``/`` would be a command of its
    own; behind a line feed it is none."""
    return f"\n{prompt}" if prompt.startswith("/") else prompt


def _alone(env: dict[str, str]) -> str:
    least, most = int(env["BASH_DEFAULT_TIMEOUT_MS"]), env["BASH_MAX_TIMEOUT_MS"]
    return _ALONE.format(least=f"{least / 60_000:g}", most=most)


def _ms(seconds: float) -> str:
    return str(min(round(seconds * 1000), _LONGEST_MS))
