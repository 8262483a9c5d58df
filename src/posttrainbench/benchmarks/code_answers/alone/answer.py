"""In the sandbox: run the model's code and call its function, for a checker outside.

Nothing here is a defence.  The code shares this process, so it can say on the connection whatever
this program could; and that is only a value.
"""

from __future__ import annotations

import _sitebuiltins
import builtins
import os
import sys
import types
from collections.abc import Callable
from typing import Any, NoReturn

from .lockdown import Bounds, confine
from .plain import NotPlainError, decode, encode
from .wire import Wire, WireError

_WHY_CHARACTERS = 300


def main() -> NoReturn:
    """Serve one checker over standard input.

    ``argv``: the folder of this package, bytes of memory, seconds of processor time.
    """
    memory, seconds = map(int, sys.argv[-2:])
    wire = Wire(os.dup(0))
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):
        os.dup2(nothing, stream)
    filtered = confine(Bounds(memory=memory, cpu_seconds=seconds))
    os.environ.clear()
    sys.path.remove(sys.argv[1])
    # Until here our own errors reach whoever started the sandbox; now the code's are nobody's.
    os.dup2(nothing, 2)
    _serve(wire, filtered)
    os._exit(0)


def _serve(wire: Wire, filtered: bool) -> None:
    try:
        wire.send(["ready", filtered])
        source, name = wire.receive()
        function, problem = _define(source, name)
        if function is None:
            wire.send(["broken", problem])
            return
        wire.send(["defined"])
        while True:
            kind, token, *rest = wire.receive()
            if kind == "end":
                wire.send(["end", token])
                return
            wire.send(_call(function, token, decode(rest[0]), decode(rest[1])))
    except WireError:
        return


def _define(source: str, name: str) -> tuple[Callable[..., Any] | None, str]:
    """The function ``name`` of the code, run as a script is; else why there is none."""
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    sys.argv = ["answer.py"]
    for word in ("exit", "quit"):  # a script has them from the site module, which is not loaded
        setattr(builtins, word, _sitebuiltins.Quitter(word, "Ctrl-D"))
    try:
        exec(compile(source, "answer.py", "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - its purpose
        return module.__dict__[name], ""
    except BaseException as error:
        return None, _describe(error)


def _call(
    function: Callable[..., Any], token: str, args: list[Any], kwargs: dict[str, Any]
) -> list[Any]:
    try:
        return ["value", token, encode(function(*args, **kwargs))]
    except NotPlainError as error:
        return ["not plain", token, str(error)]
    except BaseException as error:
        return ["raised", token, _describe(error)]


def _describe(error: BaseException) -> str:
    """A line about an exception, whose own methods may do anything."""
    try:
        return f"{type(error).__name__}: {error}"[:_WHY_CHARACTERS]
    except BaseException:
        return "an exception that cannot be shown"
