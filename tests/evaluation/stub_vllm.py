"""A stand-in for vLLM: the same command, the same HTTP, answers by a script.

``install(folder, **script)`` makes an environment with a ``bin/vllm``.  The program is stricter
than vLLM: it refuses a command line, an environment or a request that is not exactly what our
engine means to send.  What it saw stands in ``seen.jsonl`` of the folder.

Script keys (all optional):
    start: "ok"; "oom", "kv", "killed" (a log as vLLM writes it, then the end); "hang"; "silent"
    port_taken: so many starts fail because the port is taken
    slow_start: seconds until it listens
    answers: [[part of the prompt, text], ...]; else a text made of prompt and seed
    seconds: how long an answer takes
    context: the model's length
    die_after: answers until it dies, with ``last_words`` on the log and ``exit_code``
    fail_once: the first request gets a status of 500
    refuse: text of a status of 400 for every request
    hang_after: answers until it does nothing more
    stray: a process of its own session that nobody waits for
    deaf: it ignores SIGTERM
    shared: it holds shared memory that it does not remove
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

VERSION = "0.32.0"
OOM = (
    "(EngineCore pid=7) ERROR 11-26 21:50:11 [core.py:1510] torch.OutOfMemoryError: CUDA out of "
    "memory. Tried to allocate 2.32 GiB. GPU 0 has a total capacity of 79.10 GiB of which 1.2 GiB "
    "is free."
)
KV = (
    "(EngineCore pid=7) ERROR 11-26 21:50:11 [core.py:1510] ValueError: To serve at least one "
    "request with the model's max seq len (32768), (3.50 GiB KV cache is needed, which is larger "
    "than the available KV cache memory (1.20 GiB). Based on the available memory, the estimated "
    "maximum model length is 11232."
)
SECOND_HAND = (
    'Traceback (most recent call last):\n  File "core_client.py", line 1, in launch\n'
    "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}"
)
BODY = {
    "model": str, "prompt": list, "max_tokens": int, "seed": int, "stop": list,
    "stop_token_ids": list, "temperature": float, "top_p": float, "top_k": int, "min_p": float,
    "repetition_penalty": float, "add_special_tokens": bool, "skip_special_tokens": bool,
    "spaces_between_special_tokens": bool, "include_stop_str_in_output": bool,
}  # fmt: skip
VIEW = {
    "config.json", "model.safetensors", "model.safetensors.index.json", "tokenizer.json",
    "tokenizer_config.json", "tokenizer.model", "vocab.json", "merges.txt",
    "special_tokens_map.json", "added_tokens.json", "preprocessor_config.json",
    "processor_config.json",
}  # fmt: skip
ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1",
    "VLLM_HOST_IP": "127.0.0.1", "VLLM_RAISE_ON_LOGIT_NANS": "1",
}  # fmt: skip


def install(folder: Path, **script: Any) -> Path:
    """An environment around the stub; returns its ``vllm``."""
    (folder / "bin").mkdir(parents=True)
    libraries = folder / "lib" / "python3.12" / "site-packages"
    for name, version in (("torch", "2.13.0+cpu"), ("transformers", "5.19.0"), ("numpy", "2.3.5")):
        info = libraries / f"{name}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (folder / "script.json").write_text(json.dumps(script))
    # A sandbox shows the environment alone: everything of ours must stand in it.
    shutil.copyfile(__file__, libraries / "stub_vllm.py")
    program = folder / "bin" / "vllm"
    program.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(libraries)!r})\n"
        f"import stub_vllm\nstub_vllm.main({str(folder)!r})\n"
    )
    program.chmod(0o755)
    return program


def seen(program: Path, kind: str) -> list[dict[str, Any]]:
    """What the stub noted: ``start``, ``request``, ``busy`` (the most at once), ``stray``."""
    file = program.parent.parent / "seen.jsonl"
    lines = file.read_text().splitlines() if file.exists() else []
    return [entry for line in lines if (entry := json.loads(line))["kind"] == kind]


class Stub:
    """State of one server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.script: dict[str, Any] = json.loads((folder / "script.json").read_text())
        self.lock = threading.Lock()
        self.busy = self.most = self.answered = self.tokens = 0
        self.hung = False

    def note(self, kind: str, **entry: Any) -> None:
        """Remember something for the test."""
        line = json.dumps({"kind": kind, **entry}) + "\n"
        try:
            with (self.folder / "seen.jsonl").open("a") as file:
                file.write(line)
        except OSError:  # in a sandbox its own folder is read-only
            print(line, end="", flush=True)

    def refuse_to_start(self, what: str) -> None:
        """As argparse does."""
        print(f"vllm: error: {what}", flush=True)
        sys.exit(2)

    def check_world(self, options: argparse.Namespace) -> None:
        """Everything that our engine promises of its server's surroundings."""
        for name, value in ENVIRONMENT.items():
            if os.environ.get(name) != value:
                self.refuse_to_start(f"{name} is {os.environ.get(name)!r}")
        keys = [name for name in os.environ if name.endswith(("_KEY", "_TOKEN", "_SECRET"))]
        if keys != ["VLLM_API_KEY"]:
            self.refuse_to_start(f"these keys are here: {keys}")
        if os.environ["VLLM_API_KEY"] in " ".join(sys.argv):
            self.refuse_to_start("the key stands on the command line")
        files = {entry.name for entry in Path(options.model).iterdir()}
        if extra := {name for name in files - VIEW if not name.endswith(".safetensors")}:
            self.refuse_to_start(f"the model folder holds {sorted(extra)}")

    def share(self) -> None:
        """Hold shared memory as multiprocessing does."""
        file = Path(f"/dev/shm/psm_stub{os.getpid()}")
        file.write_bytes(b"0" * 4096)
        with file.open("r+b") as opened:
            self.memory = mmap.mmap(opened.fileno(), 4096)
        self.note("shared", file=str(file))

    def main(self, options: argparse.Namespace) -> None:
        """From the start to the end."""
        self.check_world(options)
        self.note("start", argv=sys.argv[1:], pid=os.getpid(), group=os.getpgrp())
        print("INFO 11-26 21:40:33 [api_server.py] starting", flush=True)
        if self.script.get("deaf"):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if self.script.get("shared"):
            self.share()
        if self.script.get("stray"):
            stray = subprocess.Popen(["sleep", "1000"], start_new_session=True)
            self.note("stray", pid=stray.pid)
        if refused := int(self.script.get("port_taken", 0)):
            taken = self.folder / "starts"
            taken.write_text(taken.read_text() + "." if taken.exists() else ".")
            if len(taken.read_text()) <= refused:
                print("OSError: [Errno 98] Address already in use", flush=True)
                sys.exit(1)
        time.sleep(float(self.script.get("slow_start", 0)))
        start = self.script.get("start", "ok")
        if start in ("oom", "kv"):
            print({"oom": OOM, "kv": KV}[start], SECOND_HAND, sep="\n", flush=True)
            sys.exit(1)
        if start == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if start == "silent":
            sys.exit(0)
        if start == "hang":
            time.sleep(1000)
        Server((options.host, options.port), self, options).serve_forever()


class Server(ThreadingHTTPServer):
    """Many at once."""

    request_queue_size = 1024
    daemon_threads = True

    def __init__(self, address: tuple[str, int], stub: Stub, options: argparse.Namespace) -> None:
        from tokenizers import Tokenizer

        self.stub = stub
        self.name = options.served_model_name
        self.context = options.max_model_len or int(stub.script.get("context", 4096))
        self.tokenizer = Tokenizer.from_file(str(Path(options.model) / "tokenizer.json"))
        super().__init__(address, Handler)

    def handle_error(self, *_: Any) -> None:
        """A client that goes away is no error."""


class Handler(BaseHTTPRequestHandler):
    """vLLM's routes, as far as we use them."""

    protocol_version = "HTTP/1.1"
    server: Server

    def setup(self) -> None:
        super().setup()
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        stub, server = self.server.stub, self.server
        if stub.hung and self.path != "/metrics":
            time.sleep(1000)
        if self.path == "/health":
            self.reply(200, b"", "text/plain")
        elif self.path == "/version":
            self.json({"version": VERSION})
        elif self.path == "/metrics":
            body = f'# HELP\nvllm:generation_tokens_total{{engine="0"}} {float(stub.tokens)}\n'
            self.reply(200, body.encode(), "text/plain")
        elif self.path == "/v1/models" and self.allowed():
            self.json({"data": [{"id": server.name, "max_model_len": server.context}]})
        elif self.path.startswith("/v1"):
            self.json({"error": "Unauthorized"}, 401)
        else:
            self.json({"detail": "Not Found"}, 404)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self.allowed():
            self.json({"error": "Unauthorized"}, 401)
        elif self.path != "/v1/completions":
            self.json({"detail": "Not Found"}, 404)
        elif wrong := ", ".join(self.wrong_with(body)):
            self.error(f"{wrong} (parameter=body)")
        else:
            self.complete(body)

    def complete(self, body: dict[str, Any]) -> None:
        """One answer."""
        stub = self.server.stub
        with stub.lock:
            stub.busy += 1
            if stub.busy > stub.most:
                stub.most = stub.busy
                stub.note("busy", most=stub.most)
            first = not stub.answered and not stub.tokens
            stub.tokens += 1
        prompt = self.server.tokenizer.decode(body["prompt"], skip_special_tokens=False)
        stub.note("request", text=prompt, **body)
        time.sleep(float(stub.script.get("seconds", 0)))
        with stub.lock:
            stub.busy -= 1
            stub.answered += 1
            answered = stub.answered
        if answered > stub.script.get("hang_after", 1 << 30):
            stub.hung = True
            time.sleep(1000)
        if answered > stub.script.get("die_after", 1 << 30):
            print(stub.script.get("last_words", ""), flush=True)
            os._exit(int(stub.script.get("exit_code", 1)))
        if stub.script.get("fail_once") and first:
            self.json({"error": {"message": "a hiccup", "code": 500}}, 500)
        elif stub.script.get("refuse"):
            self.error(stub.script["refuse"])
        else:
            self.answer(body, prompt)

    def answer(self, body: dict[str, Any], prompt: str) -> None:
        """Cut at stop texts and at the limit, as vLLM does."""
        scripted = self.server.stub.script.get("answers", [])
        text = next((text for part, text in scripted if part in prompt), None)
        if text is None:
            text = f"seed {body['seed']} of {prompt[-12:]}"
        reason = "stop"
        for stop in body["stop"]:
            text = text.partition(stop)[0]
        tokens = self.server.tokenizer.encode(text, add_special_tokens=False).ids
        if len(tokens) > body["max_tokens"]:
            tokens, reason = tokens[: body["max_tokens"]], "length"
            text = self.server.tokenizer.decode(tokens, skip_special_tokens=False)
        usage = {"prompt_tokens": len(body["prompt"]), "completion_tokens": len(tokens)}
        choice = {"index": 0, "text": text, "finish_reason": reason, "stop_reason": None}
        self.json({"object": "text_completion", "choices": [choice], "usage": usage})

    def wrong_with(self, body: dict[str, Any]) -> Iterator[str]:
        """What our engine would never send."""
        if body.keys() != BODY.keys():
            yield f"keys {sorted(body.keys() ^ BODY.keys())}"
            return
        for key, kind in BODY.items():
            if type(body[key]) is not kind:
                yield f"{key} is a {type(body[key]).__name__}"
        if body["model"] != self.server.name:
            yield "another model"
        if not 0 <= body["seed"] < 1 << 63:
            yield "seed"
        if body["max_tokens"] < 1 or len(body["prompt"]) + body["max_tokens"] > self.server.context:
            yield "max_tokens"
        flags = (
            "add_special_tokens", "skip_special_tokens", "spaces_between_special_tokens",
            "include_stop_str_in_output",
        )  # fmt: skip
        yield from (flag for flag in flags if body[flag])

    def allowed(self) -> bool:
        """Whether the request shows the key."""
        return self.headers.get("Authorization") == f"Bearer {os.environ['VLLM_API_KEY']}"

    def error(self, message: str) -> None:
        """A request that is refused."""
        self.json({"error": {"message": message, "type": "BadRequestError", "code": 400}}, 400)

    def json(self, content: dict[str, Any], status: int = 200) -> None:
        """Answer with an object."""
        self.reply(status, json.dumps(content).encode(), "application/json")

    def reply(self, status: int, content: bytes, kind: str) -> None:
        """Answer with bytes."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line; whatever is not known, abbreviated or doubled is refused."""
    parser = argparse.ArgumentParser("vllm", allow_abbrev=False, exit_on_error=True)
    parser.add_argument("command", choices=["serve"])
    parser.add_argument("model")
    parser.add_argument("--served-model-name", required=True)
    parser.add_argument("--host", required=True, choices=["127.0.0.1"])
    parser.add_argument("--port", required=True, type=int)
    parser.add_argument("--load-format", required=True, choices=["safetensors"])
    parser.add_argument("--generation-config", required=True, choices=["vllm"])
    parser.add_argument("--dtype", required=True, choices=["auto", "float32"])
    parser.add_argument("--enable-prefix-caching", required=True, action="store_true")
    parser.add_argument("--max-num-seqs", required=True, type=int)
    parser.add_argument("--gpu-memory-utilization", required=True, type=float)
    parser.add_argument("--disable-uvicorn-access-log", required=True, action="store_true")
    parser.add_argument("--max-model-len", type=int)
    parser.add_argument("--limit-mm-per-prompt", type=json.loads)
    options = parser.parse_args(arguments)
    names = [argument for argument in arguments if argument.startswith("--")]
    if len(names) != len(set(names)):
        parser.error("an option stands there twice")
    return options


def main(folder: str) -> None:
    """The program's way in."""
    Stub(Path(folder)).main(parse(sys.argv[1:]))
