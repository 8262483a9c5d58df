"""A model server that says what a script says, in the words of the four APIs that agents speak.

`ptb agents check --scripted` and the tests put it in a provider's place.  Anthropic's and Gemini's
base URL is the server's own, OpenAI's has ``/v1`` behind it.
"""

from .logged import Logged
from .script import Script, make_script, read_script
from .server import ScriptedServer
from .steps import Step, Tokens, ToolUse

__all__ = [
    "Logged",
    "Script",
    "ScriptedServer",
    "Step",
    "Tokens",
    "ToolUse",
    "make_script",
    "read_script",
]
