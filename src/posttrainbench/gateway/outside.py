"""The worker's own way out: its proxy and its certificates, and nothing else of its settings.

aiohttp's ``trust_env`` would also read ``~/.netrc`` and send what stands there.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from types import SimpleNamespace
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

import aiohttp

from ..errors import MissingRequirementError


def proxy_for(base_url: str) -> str | None:
    """The proxy that ``HTTP_PROXY``, ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY`` name.

    Raises:
        MissingRequirementError: it is of a kind that we cannot use.
    """
    parts, proxies = urlsplit(base_url), getproxies_environment()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    if "://" not in proxy:
        proxy = f"http://{proxy}"
    kind = urlsplit(proxy).scheme
    if kind not in ("http", "https"):
        raise MissingRequirementError(
            f"the gateway cannot use a {kind} proxy, which the environment names for {base_url}",
            advice="name an http proxy in HTTPS_PROXY, or put the host into NO_PROXY",
        )
    return proxy


@dataclass
class Way:
    """What a request learns about its connection; give it as ``trace_request_ctx``."""

    reused: bool = False
    """It was open from an earlier request, and may have been closed at the other end by now."""


async def _note_reuse(_: object, context: SimpleNamespace, __: object) -> None:
    if isinstance(context.trace_request_ctx, Way):
        context.trace_request_ctx.reused = True


def client_session() -> aiohttp.ClientSession:
    """A client that adds nothing of its own to a request and keeps nothing of an answer."""
    watch = aiohttp.TraceConfig()
    watch.on_connection_reuseconn.append(_note_reuse)
    # Made here and not at import, so that SSL_CERT_FILE holds as it is now.
    certificates = ssl.create_default_context()
    return aiohttp.ClientSession(
        # No limit of time: a model may think for long, and the run has a clock of its own.
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=30),
        auto_decompress=False,
        trust_env=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        connector=aiohttp.TCPConnector(limit=0, ssl=certificates),
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        trace_configs=[watch],
        max_line_size=65_536,
        max_field_size=65_536,
    )
