"""The scripted model server: one loopback port, four APIs, a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import MissingRequirementError, PTBError
from .bodies import LARGEST
from .logged import Logged
from .script import Given, Script, make_script

if TYPE_CHECKING:
    from .answering import Answerer

_PATIENCE_S = 10.0


class ScriptedServer:
    """Serves a script on loopback while its context is open.

    Args:
        script: steps, or a document with ``main`` and ``agents``.
        key: the only credential that is taken; ``None`` takes any, and none.
        port: 0 chooses a free one.
        log: a file for one JSON line a request, without credentials.
        models: names in the list of models; all names are answered.
        side_requests: answer requests that offer no shell tool beside the script, because a CLI
            asks them beside its conversation.  ``False`` lets every request follow the script.

    Attributes:
        requests: everything that was asked, in the order of its arrival.

    Raises:
        SpecError: the script is none.
        MissingRequirementError: aiohttp is not installed.
        PTBError: the port is taken.
    """

    def __init__(
        self,
        script: Given,
        *,
        key: str | None = None,
        port: int = 0,
        log: Path | None = None,
        models: Sequence[str] = ("scripted-model",),
        side_requests: bool = True,
    ) -> None:
        self._script = make_script(script)
        self._key = key
        self._port = port
        self._log = log
        self._models = list(models)
        self._side_requests = side_requests
        self._ready = threading.Event()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._answerer: Answerer | None = None
        self._trouble: OSError | None = None
        self.requests: list[Logged] = []

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._port

    @property
    def url(self) -> str:
        """Base URL for Anthropic and Gemini; OpenAI's is this and ``/v1``."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def script(self) -> Script:
        """What is said.  A new script holds from the next request on, its counts from zero."""
        return self._script

    @script.setter
    def script(self, given: Given) -> None:
        from .answering import Playing

        self._script = make_script(given)
        if self._answerer is not None:
            self._answerer.playing = Playing(self._script)

    def __enter__(self) -> ScriptedServer:
        try:
            import aiohttp  # noqa: F401 - the thread needs it
        except ModuleNotFoundError as error:
            raise MissingRequirementError(
                f"the scripted model server needs the package {error.name!r}",
                advice="pip install 'posttrainbench[agents]'",
            ) from None
        self._thread = threading.Thread(target=self._serve, name="ptb-scripted", daemon=True)
        self._thread.start()
        started = self._ready.wait(_PATIENCE_S)
        if self._trouble is not None or not started:
            reason = self._trouble.strerror if self._trouble else "it did not start"
            raise PTBError(
                f"the scripted model server cannot use port {self._port}: {reason}",
                advice="choose another port, or 0 for any free one",
            )
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End it, and all answers that hang; a second call does nothing."""
        if self._thread is None or self._loop is None or self._answerer is None:
            return
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._answerer.closing.set)
        self._thread.join(_PATIENCE_S)

    def _serve(self) -> None:
        try:
            asyncio.run(self._run())
        finally:
            self._ready.set()

    async def _run(self) -> None:
        from aiohttp import web

        from .answering import Answerer, Playing

        self._loop = asyncio.get_running_loop()
        self._answerer = Answerer(
            Playing(self._script), self.requests, asyncio.Event(),
            self._key, self._models, self._side_requests, self._log,
        )  # fmt: skip
        app = web.Application(client_max_size=LARGEST)
        app.router.add_route("*", "/{path:.*}", self._answerer.answer)
        # Bodies are unpacked by ourselves: aiohttp knows zstd only with a package beside it.
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2, auto_decompress=False)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", self._port).start()
            self._port = runner.addresses[0][1]
            self._ready.set()
            await self._answerer.closing.wait()
        except OSError as error:
            self._trouble = error
        finally:
            await runner.cleanup()
