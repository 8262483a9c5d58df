"""How commands start Python programs: which file, and with which arguments."""

from __future__ import annotations

from dataclasses import dataclass

from ..code import HOLE
from ..deeds.command import Command
from ..deeds.launches import launched
from ..deeds.pouring import file_within
from ..deeds.pythons import is_python

_LAUNCHERS = {
    "torchrun": """
        nproc_per_node nproc-per-node nnodes node_rank node-rank rdzv_backend rdzv-backend
        rdzv_endpoint rdzv-endpoint rdzv_id rdzv-id master_addr master-addr master_port master-port
        max_restarts max-restarts monitor_interval log_dir log-dir""",
    "accelerate": """
        config_file num_processes num_machines machine_rank mixed_precision dynamo_backend
        main_process_ip main_process_port gpu_ids deepspeed_config_file zero_stage
        num_cpu_threads_per_process gradient_accumulation_steps fsdp_sharding_strategy""",
    "deepspeed": "num_gpus num_nodes include exclude hostfile master_port master_addr i e H",
}
"""Programs that start others, and their options that take the next word."""
_PYTHON_VALUES = frozenset({"-W", "-X", "--check-hash-based-pycs"})


@dataclass(frozen=True)
class Started:
    """What a command starts."""

    script: str
    """The file as the command names it; ``-`` for code that comes in; empty with ``module``."""
    module: str
    argv: tuple[str, ...]


def started(command: Command) -> Started | None:
    """The Python program that a command starts; ``None`` where it starts none."""
    argv = list(command.argv)
    if not argv:
        return None
    name, rest = command.name, argv[1:]
    if is_python(name):
        begun = _python(rest)
        runner = begun is not None and begun.module  # ``python -m pdb t.py`` starts t.py
        other = _otherwise(command) if runner else None
        return other if other is not None and other.script else begun
    name = "accelerate" if name == "accelerate-launch" else name
    if name in _LAUNCHERS:
        return _launched(name, rest)
    if name.endswith(".py"):
        return Started(argv[0], "", _words(rest))
    return _otherwise(command)


def _otherwise(command: Command) -> Started | None:
    """The Python program that another program runs, such as ``coverage run``."""
    for launch in launched(command):
        if launch.language == "python" and launch.kind != "text":
            names = (launch.value, "") if launch.kind == "file" else ("", launch.value)
            return Started(*names, _words([*launch.args]))
    return None


def _python(rest: list[str]) -> Started | None:
    while rest:
        word = rest[0]
        if word == "-c":
            inner = file_within(rest[1]) if len(rest) > 1 else ""
            return Started(inner or "-", "", _words(rest[2:]))
        if word == "-m" and len(rest) > 1:
            if rest[1] in _MODULE_LAUNCHERS:
                return _launched(_MODULE_LAUNCHERS[rest[1]], rest[2:])
            return Started("", rest[1], _words(rest[2:]))
        if word == "-" or not word.startswith("-"):
            return Started(file_within(word) or word, "", _words(rest[1:]))
        rest = rest[2:] if word in _PYTHON_VALUES else rest[1:]
    return Started("-", "", ())


_MODULE_LAUNCHERS = {
    "torch.distributed.run": "torchrun",
    "torch.distributed.launch": "torchrun",
    "accelerate.commands.launch": "accelerate",
    "deepspeed.launcher.runner": "deepspeed",
}


def _launched(name: str, rest: list[str]) -> Started | None:
    if name == "accelerate" and rest[:1] == ["launch"]:
        rest = rest[1:]
    elif name == "accelerate" and rest and not rest[0].startswith("-") and rest[0][-3:] != ".py":
        return None
    takes = set(_LAUNCHERS[name].split())
    while rest:
        word = rest[0]
        if word in ("-m", "--module") and len(rest) > 1:
            return Started("", rest[1], _words(rest[2:]))
        if not word.startswith("-"):
            return Started(word, "", _words(rest[1:]))
        rest = rest[2:] if word.lstrip("-") in takes and "=" not in word else rest[1:]
    return None


def _words(argv: list[str]) -> tuple[str, ...]:
    """Arguments; one with an expansion that is not known is an unknown text."""
    return tuple(HOLE if "$" in word or "`" in word else word for word in argv)
