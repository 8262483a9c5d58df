"""The life of one run: the agent's desk, the stages, the worker that goes through them.

The package can be called: importing any part of it makes it the attribute ``posttrainbench.run``,
so what ``from posttrainbench import run`` gives is this package; calling it is :func:`.api.run`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        from .api import run

        return run(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable
