"""The engine for machines with a GPU: a vLLM server, in its own environment and processes.

Light to import; what talks to the server and reads the model stands in ``vllm_*.py``.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import EngineError, EngineTimeoutError
from .. import Completion, EngineNeeds, EngineOptions, Inbox, Job, Sampling
from .view import model_view
from .vllm_command import ServerPlan, needed_context
from .vllm_gpu import gpus, wait_until_free
from .vllm_place import VARIABLE, find_vllm
from .vllm_server import DYING_S, START_S, VllmServer, start

if TYPE_CHECKING:
    from .text import Text
    from .vllm_client import VllmClient

STALL_S = 900.0
"""Without a single token read or written for so long, the server hangs."""
REQUEST_S = 4 * 3600.0
"""More than the longest answer takes when its server shares a GPU with hundreds of others."""

_MAX_NUM_SEQS = 256
_QUEUED = 2
"""Requests in flight for each that is decoded: the next stand ready in the server."""
_GPU_SHARE, _CPU_SHARE = 0.9, 0.25
_POLL_S = 0.05
_WATCH_S = 15.0
_FREE_S = 60.0
_MAX_PARENT_BYTES, _SHORT = 48, "/tmp"  # noqa: S108 - the folder in it is ours alone


@dataclass(frozen=True)
class VllmFactory:
    """Starts servers.  The times, in seconds, are there for tests.

    Args:
        start_s: how long a server may take to answer at all.
        request_s: how long one answer may take.
        stall_s: how long a server may do nothing while requests wait.
    """

    start_s: float = START_S
    request_s: float = REQUEST_S
    stall_s: float = STALL_S

    def needs(self) -> EngineNeeds:
        """The environment that vLLM is installed in, and the variable that names it.

        Raises:
            MissingRequirementError: there is no vLLM here.
        """
        place = find_vllm()
        return EngineNeeds(mounts=place.mounts(), env={VARIABLE: str(place.program)})

    def load(self, options: EngineOptions) -> VllmEngine:
        """Check the folder, start a server for it and wait until it answers.

        Raises:
            MissingRequirementError: there is no vLLM here.
            DataError: no model, damaged, or its tensors do not fit its configuration.
            EngineError: the server ended; OutOfMemoryError where that was the reason.
            EngineTimeoutError: it did not answer in time.
        """
        from .vllm_check import check_model
        from .vllm_client import VllmClient, is_ready

        place = find_vllm()
        with ExitStack() as stack:
            view = stack.enter_context(model_view(options.model, options.base))
            _own_limit_only(view.folder)
            checked = check_model(view.folder, options.model)
            libraries = place.versions()
            # It takes the first that is visible; a build for processors takes none.
            gpu = () if libraries.get("torch", "").endswith("+cpu") else gpus()[:1]
            private = Path(stack.enter_context(_private_folder()))
            plan = ServerPlan(
                program=place.program,
                model=view.folder,
                name=f"ptb-{secrets.token_hex(4)}",
                max_num_seqs=options.connections or _MAX_NUM_SEQS,
                gpu_memory_utilization=options.gpu_memory_utilization
                or (_GPU_SHARE if gpu else _CPU_SHARE),
                # As our other engine: float32 on a processor, where nothing is gained by less.
                dtype="auto" if gpu else "float32",
                max_model_len=needed_context(checked.context, options.max_tokens),
                images=checked.images,
                private=private,
            )
            options.report("starting vLLM")
            server = start(
                plan, options.log or private / "vllm.log",
                lambda address: is_ready(address, plan.name), options.report, self.start_s,
            )  # fmt: skip
            stack.callback(wait_until_free, gpu, _FREE_S)
            stack.callback(server.close)
            loop = stack.enter_context(asyncio.Runner())
            capacity = options.connections or _MAX_NUM_SEQS * _QUEUED
            client = VllmClient(server.address, plan.name, checked.ends, capacity, self.request_s)
            stack.callback(lambda: loop.run(client.aclose()))
            version = loop.run(client.learn())
            return VllmEngine(
                server=server,
                client=client,
                text=checked.text,
                loop=loop,
                capacity=capacity,
                gpu=gpu[0].name if gpu else "",
                side_files_restored=view.side_files_restored,
                libraries={**libraries, "vllm": version},
                stall_s=self.stall_s,
                resources=stack.pop_all(),
            )


@dataclass
class VllmEngine:
    """A running server."""

    server: VllmServer
    client: VllmClient
    text: Text
    loop: asyncio.Runner
    capacity: int
    gpu: str
    side_files_restored: tuple[str, ...]
    libraries: Mapping[str, str]
    stall_s: float
    resources: ExitStack
    """What ends with the engine: connections, server, GPU memory, view of the model."""
    name: str = "vllm"

    def versions(self) -> Mapping[str, str]:
        """vLLM, and the libraries of its environment."""
        return dict(self.libraries)

    def serve(self, inbox: Inbox, sampling: Sampling) -> None:
        """Complete the jobs of ``inbox`` until it is closed; from one thread at a time.

        Raises:
            EngineError: the server ended or refused a request; see its subclasses.
            DataError: the tokenizer gives tokens that the model does not have.
        """
        # Waiting for work happens outside of the event loop, so that Ctrl-C ends it.
        while jobs := inbox.take(self.capacity, wait=True):
            self.loop.run(self._busy(inbox, jobs, sampling))

    def close(self) -> None:
        """End the server, its processes and its view of the model; GPU memory is free then."""
        self.resources.close()

    async def _busy(self, inbox: Inbox, jobs: list[Job], sampling: Sampling) -> None:
        """Until nothing is in flight and nothing waits."""
        flying = {asyncio.create_task(self._answer(job, sampling)) for job in jobs}
        watch = asyncio.create_task(self._watch())
        try:
            while flying and not inbox.dropped:
                await asyncio.wait(
                    {*flying, watch}, timeout=_POLL_S, return_when=asyncio.FIRST_COMPLETED
                )
                for task in [task for task in (*flying, watch) if task.done()]:
                    flying.discard(task)
                    task.result()
                if self.server.exit_code is not None:
                    raise self.server.failure("while serving")
                room = self.capacity - len(flying)
                for job in inbox.take(room, wait=False) if room else ():
                    flying.add(asyncio.create_task(self._answer(job, sampling)))
        finally:
            for task in (*flying, watch):
                task.cancel()
            await asyncio.gather(*flying, watch, return_exceptions=True)

    async def _answer(self, job: Job, sampling: Sampling) -> None:
        from .vllm_client import ConnectionLostError, ServerFailedError

        row = self.text.row(job.prompt)
        room = min(row.max_tokens, self.client.context - len(row.prompt))
        if row.stop_reason or room <= 0:
            job.finish(Completion("", "length", len(row.prompt), completion_tokens=0))
            return
        try:
            completion = await self.client.complete(row.prompt, room, job.prompt, sampling)
        except (ConnectionLostError, ServerFailedError):
            # Either the whole server is dying, and its log will say why, or it was this once.
            await self._raise_if_it_ends()
            completion = await self.client.complete(row.prompt, room, job.prompt, sampling)
        job.finish(completion)

    async def _raise_if_it_ends(self) -> None:
        until = time.monotonic() + DYING_S
        while time.monotonic() < until:
            if self.server.exit_code is not None:
                raise self.server.failure("while serving")
            await asyncio.sleep(_POLL_S)

    async def _watch(self) -> None:
        """Raise when the server does nothing any more.

        Time alone says little: thousands of tokens may take an hour, and a request may wait its
        turn.  A server that reads or writes any token at all is at work.
        """
        done, since = -1.0, time.monotonic()
        while True:
            await asyncio.sleep(min(_WATCH_S, self.stall_s / 4))
            try:
                now = await self.client.tokens_done()
            except EngineError:
                now = done
            if now != done:
                done, since = now, time.monotonic()
            elif time.monotonic() - since >= self.stall_s:
                raise EngineTimeoutError(
                    f"the vLLM server has read and written nothing for {self.stall_s:g} s"
                )


def _private_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder with a short path: sockets that stand in it have room for about 107 bytes."""
    usual = tempfile.gettempdir()
    parent = usual if len(os.fsencode(usual)) <= _MAX_PARENT_BYTES else _SHORT
    return tempfile.TemporaryDirectory(prefix="ptb-vllm-", dir=parent, ignore_cleanup_errors=True)


def _own_limit_only(view: Path) -> None:
    """Drop the tokenizer's limit of length from our copy of its configuration.

    Training scripts leave all kinds of numbers there.  vLLM would cut the model's context to it;
    transformers, by which scores must be the same, does not.
    """
    file = view / "tokenizer_config.json"
    if file.is_file() and not file.is_symlink():
        content = json.loads(file.read_bytes())
        if content.pop("model_max_length", None) is not None:
            file.write_text(json.dumps(content), encoding="utf-8")
