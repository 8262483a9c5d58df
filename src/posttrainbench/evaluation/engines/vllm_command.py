"""The command line and the environment of ``vllm serve``.

Everything that decides on an answer comes with the request instead (:mod:`.vllm_client`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"

_PROMPT_TOKENS = 16_384
"""Room for a prompt when the context is cut to what is needed; the longest of the seven benchmarks
take about a quarter of it."""
_STOP_TEXTS = 64
_KEEP_ALIVE_S = 120

_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "USER", "LD_LIBRARY_PATH", "LD_PRELOAD")
_INHERITED_FAMILIES = ("CUDA_", "NVIDIA_", "OMP_", "GOMP_", "KMP_")

OFFLINE = {
    "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1", "VLLM_NO_USAGE_STATS": "1", "VLLM_DO_NOT_TRACK": "1",
    "DO_NOT_TRACK": "1",
}  # fmt: skip
"""Nothing is looked up and nobody is told."""

LOOPBACK = {"VLLM_HOST_IP": HOST, "GLOO_SOCKET_IFNAME": "lo", "NCCL_SOCKET_IFNAME": "lo"}
"""The server's own processes meet on the loopback device, the only one in the sandbox."""


@dataclass(frozen=True)
class ServerPlan:
    """What to serve, and how.

    Args:
        program: the ``vllm`` program.
        model: a folder that :func:`.view.model_view` made.
        name: the model's name in requests.
        max_num_seqs: requests that are decoded at once.
        gpu_memory_utilization: share of the memory to reserve.
        dtype: number format; ``auto`` is the checkpoint's, bfloat16 for a float32 one.
        max_model_len: tokens of prompt and answer together; ``None``: the model's own limit.
        images: the model would take images, which are switched off.
        private: a folder for the server's temporary files, with a path short enough for sockets.
    """

    program: Path
    model: Path
    name: str
    max_num_seqs: int
    gpu_memory_utilization: float
    dtype: str
    max_model_len: int | None
    images: bool
    private: Path

    def argv(self, port: int) -> list[str]:
        """The command line, for one port."""
        options = [
            str(self.program), "serve", str(self.model),
            "--served-model-name", self.name,
            "--host", HOST, "--port", str(port),
            # Only weights as data, no decoding settings of the folder, no code: the latter is
            # vLLM's default, and there is no Python file in a view.
            "--load-format", "safetensors",
            "--generation-config", "vllm",
            "--dtype", self.dtype,
            "--enable-prefix-caching",
            "--max-num-seqs", str(self.max_num_seqs),
            "--gpu-memory-utilization", f"{self.gpu_memory_utilization:g}",
            "--disable-uvicorn-access-log",
        ]  # fmt: skip
        if self.max_model_len is not None:
            options += ["--max-model-len", str(self.max_model_len)]
        if self.images:
            options += ["--limit-mm-per-prompt", '{"image": 0}']
        return options


def needed_context(context: int | None, max_tokens: int | None) -> int | None:
    """What to limit the context to: a server must have memory for one request of full length.

    Args:
        context: the model's own limit; ``None`` where its configuration names none.
        max_tokens: the longest answer that will be asked for.
    """
    if context is None or max_tokens is None:
        return None
    needed = max_tokens + _PROMPT_TOKENS
    return needed if needed < context else None


def environment(plan: ServerPlan, key: str) -> Mapping[str, str]:
    """The whole environment of the server; keys and tokens of ours are not in it.

    Args:
        key: what a request must show; given here, because command lines can be read by anyone.
    """
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name in _INHERITED or name.startswith(_INHERITED_FAMILIES)
    }
    path = os.pathsep.join((str(plan.program.parent), inherited.get("PATH", os.defpath)))
    return {
        **inherited,
        **OFFLINE,
        **LOOPBACK,
        "PATH": path,
        "TMPDIR": str(plan.private),
        "PYTHONUNBUFFERED": "1",
        "VLLM_API_KEY": key,
        "VLLM_HTTP_TIMEOUT_KEEP_ALIVE": str(_KEEP_ALIVE_S),
        # Four by default; a family has its own, and a task may add some.
        "VLLM_MAX_STOP_STRINGS": str(_STOP_TEXTS),
        # The engine then ends and says so, instead of drawing tokens from nothing.
        "VLLM_RAISE_ON_LOGIT_NANS": "1",
        # It cannot take a seed for each request.
        "VLLM_USE_FLASHINFER_SAMPLER": "0",
        # Threads bound to cores starve where the cores are shared; read by the CPU build only.
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    }
