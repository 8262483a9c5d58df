"""Start a server, say what belongs to it, and end or wait to be killed.

``python vllm_owner.py PROGRAM MODEL [exit]``
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from posttrainbench.evaluation.engines.view import model_view
from posttrainbench.evaluation.engines.vllm_client import is_ready
from posttrainbench.evaluation.engines.vllm_command import ServerPlan
from posttrainbench.evaluation.engines.vllm_server import start

program, model, *rest = sys.argv[1:]
with tempfile.TemporaryDirectory() as folder, model_view(Path(model)) as view:
    plan = ServerPlan(
        program=Path(program),
        model=view.folder,
        name="ptb-test",
        max_num_seqs=1,
        gpu_memory_utilization=0.5,
        dtype="float32",
        max_model_len=None,
        images=False,
        private=Path(folder),
    )
    server = start(
        plan, Path(folder) / "log", lambda address: is_ready(address, plan.name), lambda _: None
    )
    print(*server.pids(), flush=True)
    if rest == ["exit"]:
        sys.exit(0)
    time.sleep(1000)
