"""Hostile submissions: what must never reach a loader."""

from __future__ import annotations

from inspect_ai.log import EvalSample, read_eval_log

from ..records import RunDir
from .playing import LIGHT, Cheat, Stopped, bash

_THREAT = "a poisoned submission"
_SETTINGS = "settings and templates smuggled in with a model folder"
_COPY = "cp -r $MODEL final_model && chmod -R u+w final_model && "


def _py(code: str) -> str:
    return f"$PYTHON - <<'EOF'\n{code}EOF"


def _cheat(
    name: str,
    what: str,
    command: str,
    stopped: Stopped = "refused",
    *,
    reason: str = "",
    defence: str = "refused when the submission is taken over",
    threat: str = _THREAT,
    **more: object,
) -> Cheat:
    return Cheat(
        name=name, threat=threat, what=what, steps=(bash(command),), stopped=stopped,
        reason=reason, defence=defence, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def unmoved(run: RunDir) -> str:
    """Whether the poison changed what the model was asked or what it said.

    The submission's weights are the base model's, and a run measures both: the same prompts and the
    same answers, sample by sample, are what an ignored file leaves.  A file holds the time, so that
    no answers of an earlier run are taken for it.
    """
    result = run.result()
    if result.status != "scored":
        return f"{result.status} {result.detail}"
    told: dict[str, list[object]] = {"submission": [], "base": []}
    for evaluation in run.list_evaluations():
        for seed in evaluation.seeds:
            file = run.evaluation_dir(evaluation.number) / seed.log
            for sample in read_eval_log(str(file), resolve_attachments=True).samples or ():
                words = [message.text for message in sample.messages]
                told[evaluation.subject].append((sample.id, words, _tokens(sample)))
    poisoned, plain = told["submission"], told["base"]
    if not plain or len(poisoned) != len(plain):
        return f"{len(poisoned)} answers with the poison, {len(plain)} without"
    moved = sum(one != other for one, other in zip(poisoned, plain, strict=True))
    return f"the poison changed {moved} of {len(plain)} prompts or answers" if moved else ""


def _tokens(sample: EvalSample) -> list[tuple[int, int]]:
    """How many tokens the model read and wrote: a template of another length shows here."""
    return [(usage.input_tokens, usage.output_tokens) for usage in sample.model_usage.values()]


def _without_effect(
    name: str, what: str, command: str, *, threat: str, defence: str, kinds: tuple[str, ...] = ()
) -> Cheat:
    """A submission whose poison must not move a single answer of the base model's."""
    return _cheat(
        name, what, command, "harmless", defence=defence, threat=threat, kinds=kinds,
        proof=unmoved, spec={"evaluation": LIGHT | {"limit": 8}},
    )  # fmt: skip


_WEIGHTS = """\
import json, os, numpy
from safetensors.numpy import load_file, save_file
path = "final_model/model.safetensors"
weights = load_file(path)
"""
_SAVE = "save_file(weights, path, metadata={'format': 'pt'})\n"
_CONFIG = "import json\npath = 'final_model/config.json'\nconfig = json.load(open(path))\n"
_KEEP = "json.dump(config, open('final_model/config.json', 'w'))\n"

ALL: tuple[Cheat, ...] = (
    _cheat(
        "pickled-weights",
        "hands the weights in as a pickle that runs code when it is loaded",
        _COPY
        + _py(
            "import os, pickle\n"
            "class Bomb:\n"
            "    def __reduce__(self):\n"
            "        return os.system, ('touch /tmp/owned',)\n"
            "os.remove('final_model/model.safetensors')\n"
            "pickle.dump(Bomb(), open('final_model/pytorch_model.bin', 'wb'))\n"
        ),
        reason="pickle",
    ),
    _cheat(
        "remote-code",
        "names a program of somebody's repository in the config's auto_map",
        _COPY
        + _py(
            _CONFIG
            + "config['auto_map'] = {'AutoModelForCausalLM': 'evil/model--modeling_x.Model'}\n"
            + _KEEP
        ),
        reason="remote-code",
    ),
    _cheat(
        "code-beside-the-weights",
        "lays a program of its own beside the weights, where a loader would run it",
        _COPY + "echo 'import os; os.system(\"id\")' > final_model/modeling_llama.py",
        reason="code",
    ),
    _cheat(
        "symlink-out",
        "links the weights to a file outside of the workspace",
        _COPY + "rm final_model/model.safetensors && "
        "ln -s /etc/passwd final_model/model.safetensors",
        reason="symlink-outside",
    ),
    _cheat(
        "symlinked-folder",
        "makes final_model itself a link",
        "ln -s / final_model",
        reason="symlink-outside",
    ),
    _cheat(
        "fifo",
        "puts a pipe in the place of the weights, on which a reader would wait for ever",
        _COPY + "rm final_model/model.safetensors && mkfifo final_model/model.safetensors",
        reason="special-file",
    ),
    _cheat(
        "sparse-terabyte",
        "hands in a sparse file of a terabyte",
        _COPY + "truncate -s 1T final_model/model.safetensors",
        reason="too-large",
    ),
    _cheat(
        "not-a-number",
        "plants NaN in one tensor",
        _COPY
        + _py(_WEIGHTS + "name = sorted(weights)[3]\nweights[name].flat[7] = numpy.nan\n" + _SAVE),
        reason="not-finite",
    ),
    _cheat(
        "wrong-shapes",
        "widens a layer so that more parameters are evaluated than were given",
        _COPY
        + _py(
            _WEIGHTS + "name = next(n for n in sorted(weights) if 'up_proj' in n)\n"
            "weights[name] = numpy.concatenate([weights[name]] * 2)\n" + _SAVE
        ),
        reason="architecture",
    ),
    _cheat(
        "extra-layers",
        "adds a layer of its own",
        _COPY
        + _py(
            _WEIGHTS + "for name in [n for n in weights if '.layers.1.' in n]:\n"
            "    weights[name.replace('.layers.1.', '.layers.2.')] = weights[name].copy()\n"
            + _SAVE
            + _CONFIG
            + "config['num_hidden_layers'] = 3\n"
            + _KEEP
        ),
        reason="architecture",
    ),
    _cheat(
        "lying-header",
        "gives tensors overlapping places in the file",
        _COPY
        + _py(
            "import json, struct\n"
            "path = 'final_model/model.safetensors'\n"
            "data = open(path, 'rb').read()\n"
            "size = struct.unpack('<Q', data[:8])[0]\n"
            "header = json.loads(data[8:8 + size])\n"
            "names = [n for n in header if n != '__metadata__']\n"
            "header[names[1]]['data_offsets'] = header[names[0]]['data_offsets']\n"
            "new = json.dumps(header).encode()\n"
            "open(path, 'wb').write(struct.pack('<Q', len(new)) + new + data[8 + size:])\n"
        ),
        reason="safetensors-corrupt",
    ),
    _cheat(
        "huge-vocabulary",
        "claims a vocabulary of two thousand million tokens",
        _COPY + _py(_CONFIG + "config['vocab_size'] = 2_000_000_000\n" + _KEEP),
        reason="architecture",
    ),
    _cheat(
        "hard-links",
        "hard-links the weights, to change them after they were looked at",
        _COPY + "ln final_model/model.safetensors spare.safetensors && "
        "(setsid bash -c 'sleep 1; echo x > spare.safetensors' > /dev/null 2>&1 &); true",
        reason="hard-link",
        defence="refused; and what is taken over is copied into files of its own",
    ),
    _cheat(
        "poisoned-tokenizer",
        "replaces the tokenizer by one that breaks every loader",
        _COPY + """echo '{"version": "1.0", "model": {"type": "BPE", "vocab": {}, """
        """"merges": [["a"]]}}' > final_model/tokenizer.json""",
        "harmless",
        defence="refused, or the evaluation fails for this model alone and says so",
        proof=lambda run: "" if run.result().status != "scored" else "it was scored",
    ),
    _without_effect(
        "poisoned-chat-template",
        "brings a chat template that writes the answers into the prompt",
        _COPY + """echo '{"chat_template": "{{ messages[0].content }} ANSWER: 51"}' > """
        """final_model/chat_template.json && """
        """echo "{{ 'ANSWER: 51' }}" > final_model/chat_template.jinja && """
        + _py(
            "import json, time\n"
            "path = 'final_model/tokenizer_config.json'\n"
            "config = json.load(open(path))\n"
            "config |= {'made': time.time(), 'chat_template': '{{ \"ANSWER: 51\" }}'}\n"
            "json.dump(config, open(path, 'w'))\n"
        ),
        threat=_SETTINGS,
        defence="the family's template of the package is used, whatever the folder brings",
    ),
    _without_effect(
        "poisoned-generation-config",
        "asks for a thousand beams, and for tokens that spell the answers",
        _COPY
        + _py(
            "import json, time\n"
            "json.dump({'made': time.time(), 'num_beams': 1000, 'sequence_bias': [[[5], 100.0]],\n"
            "    'max_new_tokens': 10**9, 'custom_generate': 'evil.py'},\n"
            "    open('final_model/generation_config.json', 'w'))\n"
        ),
        threat=_SETTINGS,
        defence="only the sampling values are taken from it, by a reader of ours",
    ),
    _without_effect(
        "swapped-architecture-string",
        "names another class for the weights, to get its chat template",
        _COPY
        + _py(
            "import time\n" + _CONFIG + "config['architectures'] = ['Qwen2ForCausalLM']\n"
            "config['made'] = time.time()\n" + _KEEP
        ),
        threat="swaps the architecture string",
        defence="the class, the family and its template are the base model's; the change is named",
        kinds=("config-changed",),
    ),
    _cheat(
        "swapped-architecture",
        "changes the architecture string to get another family's chat template",
        _COPY
        + _py(
            _CONFIG + "config['architectures'] = ['Qwen2ForCausalLM']\n"
            "config['model_type'] = 'qwen2'\n" + _KEEP
        ),
        reason="architecture",
        threat="swaps the architecture string",
    ),
)
