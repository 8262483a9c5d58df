"""The gateway itself: a small reverse proxy in a thread of the worker's process.

It listens on loopback.  Other users of the machine can reach the port; the tokens protect it.
Dollars are known when an answer has told its usage, at its end: those in flight may pass the limit,
and of a stream that the client cuts only what it had told by then is counted.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from ..errors import InputError, PTBError
from ..records.usage import TokenUse
from ..spec import Price
from . import Endpoint, Route
from .credentials import new_token
from .ledger import Ledger
from .log import RequestLog
from .outside import client_session, proxy_for
from .passage import Desk, only_what_came
from .passing import Relay

_MOST_CONNECTIONS = 256
"""About as many at once, from inside; each may open one more to an upstream."""
_START_S, _STOP_S = 10.0, 5.0
_CLOSING_TURNS = 5


class Gateway:
    """Open while the context is.

    Args:
        routes: the upstreams, by name.
        log: file that gets a line for every request; appended to.
        max_cost: dollars that the route ``agent`` may cost; ``None``: no limit.
        price: for models that the price table does not know.
        secrets: name -> value of what must not reach the log.

    Raises:
        InputError: a route's key or address cannot be used; the key is not repeated.
        PTBError: loopback cannot be listened on.
    """

    def __init__(
        self,
        routes: Sequence[Route],
        *,
        log: Path,
        max_cost: float | None = None,
        price: Price | None = None,
        secrets: Mapping[str, str] | None = None,
    ) -> None:
        hidden = dict(secrets or {})
        self.routes: dict[str, Desk] = {}
        for route in routes:
            token = new_token(route.api)
            limit = max_cost if route.name == "agent" else None
            ledger = Ledger(route.base_url, price if route.name == "agent" else None, limit)
            _check(route)
            self.routes[route.name] = Desk(route, token, ledger, proxy_for(route.base_url))
            hidden |= {f"{route.name}-token": token, f"{route.name}-key": route.key}
        self.log = RequestLog(log, hidden)
        self.port = 0
        self._loop: asyncio.AbstractEventLoop
        self._servers: list[asyncio.Server] = []
        self._stop = asyncio.Event()
        self._ready = threading.Event()
        self._failure = ""
        self._runner: web.AppRunner | None = None
        self._thread = threading.Thread(target=self._run, name="ptb-gateway", daemon=True)

    def endpoint(self, name: str) -> Endpoint:
        """Where a client inside asks this route, and with which token."""
        return Endpoint(f"http://127.0.0.1:{self.port}/{name}", self.routes[name].token)

    def models(self, name: str) -> dict[str, TokenUse]:
        """Tokens and dollars by model so far."""
        return self.routes[name].ledger.models

    def cost(self, name: str) -> float | None:
        """Dollars so far; ``None`` where something has no known price."""
        return self.routes[name].ledger.cost

    def outcomes(self, name: str) -> list[tuple[float, int | None]]:
        """When and with which status the upstream answered lately; ``None``: no connection."""
        return self.routes[name].ledger.outcomes

    def counts(self, name: str) -> tuple[int, int]:
        """Requests that passed, and that were refused."""
        ledger = self.routes[name].ledger
        return ledger.passed, ledger.refused

    @property
    def over_cost(self) -> bool:
        """Whether ``max_cost`` is passed."""
        return any(desk.ledger.over_cost for desk in self.routes.values())

    def serve(self, door: socket.socket) -> None:
        """Listen on this socket, too; it belongs to the gateway from now on.

        Raises:
            RuntimeError: the gateway is closed.
        """
        if self._loop.is_closed():
            door.close()
            raise RuntimeError("the gateway is closed")
        done: Future[None] = asyncio.run_coroutine_threadsafe(self._listen(door), self._loop)
        done.result(_START_S)

    def __enter__(self) -> Gateway:
        self._loop = asyncio.new_event_loop()
        self._thread.start()
        self._ready.wait(_START_S)
        if not self.port:
            raise PTBError(
                f"the gateway cannot listen on loopback: {self._failure or 'no answer'}",
                advice="see that 127.0.0.1 can be used, or hand the agent the key: agent.direct",
            )
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_STOP_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._main())
        except OSError as error:
            self._failure = error.strerror or str(error)
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()
            self._ready.set()

    async def _main(self) -> None:
        async with client_session() as client:
            relay = Relay(self.routes, client, self.log)

            @web.middleware
            async def everything(request: web.Request, handler: Handler) -> web.StreamResponse:  # noqa: ARG001
                # Whatever is asked for: a router would answer strange requests itself, unlogged.
                return await relay.handle(request)

            app = web.Application(middlewares=[everything])
            app.on_response_prepare.append(only_what_came)
            self._runner = web.AppRunner(
                app, access_log=None, logger=_quiet(), handler_cancellation=True,
                shutdown_timeout=0.1, auto_decompress=False, max_line_size=65_536,
                max_field_size=65_536,
            )  # fmt: skip
            await self._runner.setup()
            try:
                with socket.socket() as own:
                    own.bind(("127.0.0.1", 0))
                    await self._listen(own.dup())
                    self.port = own.getsockname()[1]
                self._ready.set()
                await self._stop.wait()
            finally:
                await self._close()

    async def _listen(self, door: socket.socket) -> None:
        door.setblocking(False)
        try:
            # Not a site of aiohttp's: that would take any number of connections, until this
            # process has no descriptors left.
            server = await self._loop.create_server(self._protocol, sock=door, backlog=128)
        except BaseException:
            door.close()
            raise
        self._servers.append(server)

    def _protocol(self) -> asyncio.BaseProtocol:
        server = self._runner.server if self._runner is not None else None
        if server is None or self._stop.is_set() or len(server.connections) >= _MOST_CONNECTIONS:
            return _Full()
        return server()

    async def _close(self) -> None:
        # First no more is accepted; what just was must become a connection before its server is
        # closed, or asyncio would forget it open.
        for listening in (sock for server in self._servers for sock in server.sockets):
            self._loop.remove_reader(listening.fileno())
        await asyncio.sleep(0.005)
        for server in self._servers:
            server.close()
        assert self._runner is not None
        assert self._runner.server is not None
        open_ones = [connection.transport for connection in self._runner.server.connections]
        await self._runner.cleanup()
        for transport in open_ones:
            if transport is not None:
                transport.abort()  # it would wait for a client that does not read
        for _ in range(_CLOSING_TURNS):  # what is closed here ends in a later turn of the loop
            await asyncio.sleep(0.005)


def _quiet() -> logging.Logger:
    """Nobody's terminal is to fill with what a client sends that is no HTTP."""
    logger = logging.getLogger(f"{__name__}.quiet")
    logger.propagate = False
    logger.addHandler(logging.NullHandler())
    return logger


def _check(route: Route) -> None:
    if not (route.key.isascii() and route.key.isprintable()):
        raise InputError(
            f"the key for {route.base_url} holds characters that no key has",
            advice="set it again, without line ends",
        )
    parts = urlsplit(route.base_url)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.query
        or "@" in parts.netloc
    ):
        raise InputError(
            f"the address for the route {route.name!r} is no plain address of an endpoint",
            advice="it looks like https://host/v1, without a key in it",
        )


class _Full(asyncio.Protocol):
    """Ends a connection that is one too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()
