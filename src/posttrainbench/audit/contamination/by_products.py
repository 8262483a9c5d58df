"""Files that could not be searched: which of them training leaves behind by itself.

Optimizer states, caches of compilers and packages, objects of git, partial downloads and dumps look
like noise, or are packed in ways that nothing here opens, in every honest run.  They count only
where the trace shows that such a file was trained on; so does anything else that was seen not to be
among what was trained on.  Where nothing is known of a file, it stays a question for a judge.
"""

from __future__ import annotations

import re

from ..flow import Fate
from .natures import is_package

_PLACES = re.compile(
    r"""
    (?:^|/)(?:
        \.git/(?:objects|lfs|modules)/ | __pycache__/ | node_modules/
      | wandb/(?:[\w-]*run-|debug) | mlruns/ | lightning_logs/
      | torchinductor_\w+/ | (?:\.)?torch_extensions/ | \.triton/ | triton_cache/
      | \.nv/ComputeCache/ | \.cache/(?:torch|triton|vllm|flashinfer|tvm-ffi|nvidia|deepspeed)/
      | \.cache/(?:pip|uv|pypoetry|pre-commit|node|bun|opencode|claude)/ | \.npm/ | \.conda/pkgs/
      | huggingface/xet/ | vllm_compile_cache[^/]*/ | torch_compile_cache/ | torch_aot_compile/
      | global_step\d+/
    )
  | (?:^|/)core(?:\.[\w-]+)*$
  | \.(?:incomplete|distcp|so|cubin|ptx|hsaco|pyc|whl|lock|wandb|idx|rev)$
  | (?:^|/)(?:optimizer|scheduler|scaler|rng_state|optim_states|\w*_optim_states)
    [\w.-]*\.(?:pt|pth|bin|safetensors)$
    """,
    re.VERBOSE,
)
_PRIVATE = re.compile(r"^scratch/home/\.(?:claude|codex|gemini|qwen|opencode|cursor)/")


def is_by_product(path: str) -> bool:
    """Whether a path is one at which training, its tools or the agent's CLI keep files."""
    return is_package(path) or bool(_PLACES.search(path) or _PRIVATE.match(path))


def is_of_no_account(path: str, fate: Fate) -> bool:
    """Whether a file that could not be searched is no question for a judge."""
    if fate.word == "trained":
        return False
    if fate.word == "not-trained" or is_by_product(path):
        return True
    return fate.others_trained and not fate.chain
