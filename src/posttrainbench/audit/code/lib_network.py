"""Requests over the network, and clients of LLM APIs."""

from __future__ import annotations

from . import HOLE
from .lib_files import write
from .machine import Call, Machine
from .registry import by_pattern, ending, named
from .values import Value, deep, merged

CLIENTS = {
    "openai.OpenAI": "api.openai.com", "openai.AsyncOpenAI": "api.openai.com",
    "openai.AzureOpenAI": "openai.azure.com", "openai.AsyncAzureOpenAI": "openai.azure.com",
    "openai.Client": "api.openai.com", "openai.AsyncClient": "api.openai.com",
    "anthropic.Anthropic": "api.anthropic.com", "anthropic.AsyncAnthropic": "api.anthropic.com",
    "anthropic.Client": "api.anthropic.com",
    "anthropic.AnthropicVertex": "aiplatform.googleapis.com",
    "anthropic.AnthropicBedrock": "bedrock-runtime.amazonaws.com",
    "google.generativeai.GenerativeModel": "generativelanguage.googleapis.com",
    "google.genai.Client": "generativelanguage.googleapis.com",
    "mistralai.Mistral": "api.mistral.ai", "mistralai.client.MistralClient": "api.mistral.ai",
    "cohere.Client": "api.cohere.com", "cohere.ClientV2": "api.cohere.com",
    "together.Together": "api.together.xyz", "groq.Groq": "api.groq.com",
    "fireworks.client.Fireworks": "api.fireworks.ai", "replicate.Client": "api.replicate.com",
    "huggingface_hub.InferenceClient": "router.huggingface.co",
    "huggingface_hub.AsyncInferenceClient": "router.huggingface.co",
    "langchain_openai.ChatOpenAI": "api.openai.com",
    "langchain_anthropic.ChatAnthropic": "api.anthropic.com",
    "zhipuai.ZhipuAI": "open.bigmodel.cn", "gradio_client.Client": "hf.space",
    "duckduckgo_search.DDGS": "duckduckgo.com", "ddgs.DDGS": "duckduckgo.com",
    "g4f.client.Client": "api.g4f",
}  # fmt: skip
"""Classes of clients, and the host that they ask unless told another."""
_BEDROCK = "anthropic.AnthropicBedrock"
_CALLS = {
    "litellm.completion": "litellm", "litellm.acompletion": "litellm",
    "litellm.batch_completion": "litellm", "openai.ChatCompletion.create": "api.openai.com",
    "openai.Completion.create": "api.openai.com",
    "openai.chat.completions.create": "api.openai.com",
    "openai.responses.create": "api.openai.com", "replicate.run": "api.replicate.com",
    "dashscope.Generation.call": "dashscope.aliyuncs.com", "ollama.chat": "127.0.0.1",
    "ollama.generate": "127.0.0.1",
}  # fmt: skip
_ADDRESS_NAMES = ("base_url", "api_base", "azure_endpoint", "openai_api_base", "endpoint", "host")
_ADDRESS_VARIABLES = ("OPENAI_BASE_URL", "OPENAI_API_BASE", "ANTHROPIC_BASE_URL")
_ASKS = frozenset({
    "create", "generate_content", "generate_content_async", "chat", "complete", "completion",
    "invoke",
    "ainvoke", "text_generation", "chat_completion", "stream", "parse", "generate", "call", "run",
    "batch",
    "send_message", "acreate", "submit", "predict", "invoke_model", "converse",
    "invoke_model_with_response_stream",
})  # fmt: skip


@named(*CLIENTS)
def _client(machine: Machine, call: Call) -> Value:
    address = _address(call)
    if address is None and "Inference" in call.name:
        model = call.argument(0, "model")
        if model is not None and any("://" in text for text in model.texts):
            address = model
    if address is None:
        address = _from_environment(machine) or _host(CLIENTS[call.name])
    fact = machine.fact("client", call.name, call.line, address)
    key = call.named.get("api_key")
    machine.feed(fact, key)
    return Value(name=f"{call.name}()", sources=machine.source(fact, key))


@named("boto3.client")
def _amazon(machine: Machine, call: Call) -> Value | None:
    """A client of one of many services, of which one serves language models."""
    service = call.argument(0, "service_name")
    if service is None or not any(text.startswith("bedrock-runtime") for text in service.texts):
        return None
    fact = machine.fact("client", _BEDROCK, call.line, _host(CLIENTS[_BEDROCK]))
    return Value(name=f"{_BEDROCK}()", sources=machine.source(fact))


def _address(call: Call) -> Value | None:
    address = next((call.named[n] for n in _ADDRESS_NAMES if n in call.named), None)
    return None if address is None or address.text == "None" else address


def _host(name: str) -> Value:
    return Value(frozenset({f"https://{name}"}))


def _from_environment(machine: Machine) -> Value | None:
    for name in _ADDRESS_VARIABLES:
        if name in machine.environment:
            return machine.environment[name]
        if name in machine.start.env:
            return Value(frozenset({machine.start.env[name]}))
    return None


@named(*_CALLS)
def _call(machine: Machine, call: Call) -> Value:
    address = _address(call) or _from_environment(machine) or _host(_CALLS[call.name])
    model = call.argument(0, "model")
    shown = " ".join(sorted(t for t in model.texts if HOLE not in t)) if model else ""
    fact = machine.fact("request", call.name, call.line, address, method="llm", model=shown)
    machine.feed(fact, *call.everything())
    return Value(sources=merged([machine.source(fact), *map(deep, call.everything())]))


@by_pattern
def _ask_client(machine: Machine, call: Call) -> Value | None:
    """``client.chat.completions.create(...)``: the client is really used."""
    root = call.name.partition("().")[0]
    if root not in CLIENTS or call.last not in _ASKS or call.receiver is None:
        return None
    origins = deep(call.receiver)
    clients = [machine.facts[n] for n in origins if machine.facts[n].kind == "client"]
    targets = tuple(sorted({target for fact in clients for target in fact.targets}))
    fact = machine.fact("request", root, call.line, targets, method="llm")
    fact.resolved = all(client.resolved for client in clients)
    machine.feed(fact, call.receiver, *call.everything())
    inputs = merged(deep(value) for value in call.everything())
    return Value(sources=merged((machine.source(fact), inputs)))


@named("requests.get", "requests.post", "requests.put", "requests.request", "requests.head",
       "httpx.get", "httpx.post", "httpx.request", "httpx.stream", "urllib.request.urlopen",
       "urllib.request.Request", "urllib3.request", "aiohttp.request", "wget.download")  # fmt: skip
def asked(machine: Machine, call: Call) -> Value:
    """One request to an address."""
    second = call.last == "request" and len(call.args) > 1
    address = call.args[1] if second else call.argument(0, "url", "fullurl", "uri") or Value()
    if call.name == "urllib.request.urlopen" and not address.known and deep(address):
        return Value(sources=deep(address))  # of a Request, which was noted
    sending = call.last in ("post", "put", "patch") or bool({"json", "data"} & call.named.keys())
    method = "send" if sending else "fetch"
    fact = machine.fact("request", call.name.lstrip("."), call.line, address, method=method)
    machine.feed(fact, *call.everything())
    inputs = merged(deep(value) for value in call.everything()) if sending else deep(address)
    return Value(sources=merged((machine.source(fact), inputs)))


@named("urllib.request.urlretrieve")
def _retrieve(machine: Machine, call: Call) -> Value:
    content = asked(machine, call)
    target = call.argument(1, "filename")
    if target is not None:
        write(machine, call, target, content)
    return Value(target.texts if target else frozenset({HOLE}), deep(content), is_path=True)


@named("requests.Session", "requests.session", "httpx.Client", "httpx.AsyncClient",
       "aiohttp.ClientSession", "urllib3.PoolManager")  # fmt: skip
def _session(_: Machine, call: Call) -> Value:
    base = call.named.get("base_url")
    attributes = {"base_url": base} if base is not None else {}
    return Value(name="http.Session()", attributes=attributes)


@by_pattern
def _on_session(machine: Machine, call: Call) -> Value | None:
    """A request through a session."""
    if call.name.rpartition(".")[0] != "http.Session()" or call.receiver is None:
        return None
    if call.last not in ("get", "post", "put", "patch", "request", "head", "stream", "delete"):
        return None
    base, place = call.receiver.attributes.get("base_url"), call.last in ("request", "stream")
    if base is not None and base.text and len(call.args) > place and call.args[place].known:
        path = call.args[place]
        joined = frozenset(f"{base.text.rstrip('/')}/{t.lstrip('/')}" for t in path.texts)
        call.args[place] = Value(joined, deep(path))
    return asked(machine, call)


@named("socket.create_connection", "http.client.HTTPSConnection", "http.client.HTTPConnection",
       "asyncio.open_connection", "websockets.connect", "websocket.create_connection",
       "paramiko.SSHClient", "ftplib.FTP")  # fmt: skip
def _connect(machine: Machine, call: Call) -> Value:
    address = call.args[0] if call.args else Value()
    if address.elements:
        address = address.elements[0]
    fact = machine.fact("request", call.name, call.line, address, method="connect")
    return Value(name=f"{call.name}()", sources=machine.source(fact))


@ending("connect")
def _socket_connect(machine: Machine, call: Call) -> Value | None:
    name = call.receiver.name if call.receiver is not None else ""
    if name not in ("socket.socket()", "paramiko.SSHClient()") or not call.args:
        return None
    address = call.args[0].elements[0] if call.args[0].elements else call.args[0]
    fact = machine.fact("request", f"{name}.connect", call.line, address, method="connect")
    return Value(sources=machine.source(fact))


@named("ray.init", "ray.job_submission.JobSubmissionClient", "dask.distributed.Client",
       "ray.util.connect")  # fmt: skip
def _cluster(machine: Machine, call: Call) -> Value:
    """Work for a cluster, which may be this machine's own."""
    address = call.argument(0, "address", "conn_str")
    if address is not None and address.texts != frozenset({"auto"}):
        machine.fact("request", call.name, call.line, address, method="connect")
    return Value(name=f"{call.name}()")


@named("socket.socket")
def _socket(_: Machine, __: Call) -> Value:
    return Value(name="socket.socket()")
