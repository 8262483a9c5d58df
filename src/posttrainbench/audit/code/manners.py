"""How functions that nobody described treat what they get: hand it on, keep it, or judge it."""

from __future__ import annotations

MAPS = frozenset({
    "map", "imap", "imap_unordered", "starmap", "apply", "applymap", "flat_map", "submit",
    "map_async",
    "map_elements", "transform", "apply_async", "run_in_executor", "to_thread", "gather",
    "with_transform",
    "set_transform", "from_generator",
})  # fmt: skip
"""What the function makes of each element is the result."""
STARTS = frozenset({"submit", "apply_async", "run_in_executor", "to_thread", "Process", "Thread"})
"""The function gets the other arguments as they are."""
CHOOSERS = frozenset({"filter", "sorted", "sort", "max", "min", "groupby", "filterfalse"})
"""The function only decides."""
PARTS = frozenset({"filter", "query", "where", "loc", "groupby", "get_group", "dropna"})
"""Methods that take a part of the data."""
PUTS = frozenset({
    "append", "extend", "add", "update", "insert", "write", "writelines", "writerow", "writerows",
    "appendleft", "extendleft", "put", "put_nowait", "load_state_dict", "setdefault", "add_item",
    "write_table", "write_batch", "write_all", "__setitem__", "push", "send", "send_bytes",
})  # fmt: skip
"""Methods that put their arguments into their object; so do those that end with one underscore."""
DROPS = frozenset({
    "len", "isinstance", "issubclass", "any", "all", "bool", "type", "id", "hasattr", "callable",
    "print",
    "startswith", "endswith", "isdigit", "count", "index", "hash", "exists", "is_file", "is_dir",
    "isfile", "isdir", "getsize", "isin", "issubset", "issuperset", "isdisjoint", "contains",
    "duplicated", "ratio", "hexdigest", "digest", "info", "debug", "warning", "error", "match",
    "fullmatch", "cos_sim", "cosine_similarity", "jaccard", "argsort", "argmax", "argmin",
    "nonzero",
    "nunique", "perf_counter", "time", "log", "close", "flush", "describe", "difference",
    "difference_update", "stat",
})  # fmt: skip
"""What comes out tells about the content, and is none of it."""
DROPPING = (
    "hashlib.",
    "logging.",
    "difflib.",
    "rapidfuzz.",
    "datasketch.",
    "wandb.",
    "Levenshtein.",
)
WHOLE = frozenset({
    "json.load", "json.loads", "orjson.loads", "ujson.load", "ujson.loads", "simplejson.load",
    "pickle.load", "pickle.loads", "dill.load", "cloudpickle.load", "marshal.load", "yaml.load",
    "yaml.safe_load", "msgpack.load", "msgpack.unpack", "msgpack.unpackb", "ast.literal_eval",
})  # fmt: skip
"""What a file holds as it is: perhaps a dictionary of several splits."""
JOINS = frozenset({"anti", "semi", "left_anti", "left_semi"})
"""Ways of joining by which the other table only decides which rows stay."""
CARRIES = frozenset({
    "json", "re", "random", "itertools", "copy", "collections", "numpy", "torch", "datasets",
    "pandas",
    "polars", "pyarrow", "transformers", "tokenizers", "functools", "string", "pickle", "csv", "io",
    "textwrap", "html", "unicodedata", "trl", "peft", "accelerate", "tqdm", "orjson", "ujson",
    "yaml",
    "ast", "concurrent", "safetensors", "dict", "list", "set", "frozenset", "zip", "sum", "next",
    "str",
    "repr", "tuple", "operator", "heapq", "jsonlines", "joblib", "multiprocessing", "dataclasses",
    "asyncio", "enumerate", "iter", "reversed", "map", "bytes", "unsloth", "jax", "getattr", "vars",
    "codecs", "gzip", "bz2", "lzma", "zlib", "base64", "binascii", "abs", "round", "pow", "slice",
})  # fmt: skip
"""Libraries whose functions hand on the content of all that they get."""
CARRYING = frozenset({
    "replace", "strip", "lower", "upper", "format", "join", "split", "encode", "decode", "sub",
    "concat",
    "merge", "union", "get", "pop", "items", "values", "copy", "tolist", "to_dict", "to_list",
    "clone",
    "detach", "cpu", "numpy", "to", "cuda", "view", "reshape", "apply_chat_template", "add_column",
    "cat", "stack", "tokenize", "assign", "fillna", "generate", "chat", "pad", "iterrows",
    "itertuples",
    "to_pandas", "from_dict", "from_list", "from_generator", "select_columns", "item",
})  # fmt: skip
"""Methods that do, whatever they are methods of."""
