"""What commands do with content that goes through them, by their names."""

from __future__ import annotations

FILTERS = frozenset({
    "cat", "head", "tail", "shuf", "sort", "uniq", "jq", "sed", "awk", "gawk", "cut", "tr",
    "paste", "tac",
    "tee", "iconv", "zcat", "gunzip", "bzcat", "xzcat", "zstdcat", "rev", "nl", "fold", "fmt",
    "split",
    "xargs", "perl", "column", "base64", "xxd", "dd", "pv", "csvcut", "csvjson", "mlr", "yq",
    "duckdb",
    "tar", "gzip", "pigz", "zstd", "xz",
    "join", "grep", "egrep", "fgrep", "rg", "comm", "diff", "echo", "printf", "strings",
})  # fmt: skip
CHOOSE = frozenset({"grep", "egrep", "fgrep", "rg", "comm", "diff", "join"})
"""Filters that compare: of two files, one may only choose."""
HARMLESS = frozenset({
    "ls", "cd", "pwd", "echo", "printf", "wc", "du", "df", "ps", "top", "htop", "free",
    "nvidia-smi", "sleep",
    "date", "which", "whereis", "type", "file", "stat", "less", "more", "find", "tree", "mkdir",
    "touch", "rm",
    "rmdir", "chmod", "true", "false", "test", "[", "[[", "export", "set", "unset", "source", ".",
    "kill",
    "pkill", "wait", "jobs", "fg", "bg", "disown", "env", "printenv", "id", "whoami", "uname",
    "hostname",
    "lscpu", "nproc", "lsblk", "pip", "pip3", "uv", "conda", "apt", "apt-get", "npm", "man",
    "help", "history",
    "alias", "read", "exit", "return", "break", "continue", "local", "declare", "ulimit", "trap",
    "watch",
    "md5sum", "sha256sum", "sha1sum", "cmp", "basename", "dirname", "realpath", "readlink", "seq",
    "yes",
    "exec", "eval", "time", "timeout", "nohup", "pgrep", "lsof", "ss", "netstat", "ping", "nvcc",
    "gcc", "make",
    "tmux", "screen", "clear", "reset", "let", ":", "shift", "getopts", "pushd", "popd", "dirs",
    "umask",
    "command", "builtin", "hash", "vim", "nano", "vi", "ray", "tensorboard", "wandb", "vllm",
    "ollama", "sync",
    "mount", "fuser", "uptime", "vmstat", "iostat", "lspci", "dmesg", "groups", "stty", "tput",
    "bc", "expr",
    "ruff", "black", "mypy", "pytest", "ipython", "jupyter", "hf", "huggingface-cli", "getconf",
})  # fmt: skip
"""Commands that train nothing and make no data of other data (``>`` is seen for itself)."""
TRAINERS = frozenset({
    "axolotl", "llamafactory-cli", "llamafactory", "trl", "tune", "swift", "mergekit-yaml",
    "mergekit",
    "mergekit-moe", "accelerate", "torchrun", "deepspeed", "mlx_lm.lora", "xtuner", "lmflow",
    "litgpt",
})  # fmt: skip
"""Programs that train by options or a configuration: `flow.trainers` reads them."""
