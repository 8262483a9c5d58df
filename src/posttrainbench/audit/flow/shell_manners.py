"""What commands do with content that goes through them, by their names."""

from __future__ import annotations

import re

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
COPIERS = frozenset({
    "cp", "mv", "ln", "rsync", "install", "dd", "tar", "zip", "unzip", "gzip", "gunzip", "bzip2",
    "bunzip2", "xz", "unxz", "zstd", "unzstd", "zcat", "base64", "base32", "xxd", "openssl", "scp",
    "7z", "sed", "tr", "cat", "head", "tail", "tee", "awk", "gawk", "perl", "grep", "envsubst",
    "split", "paste", "sort", "uuencode", "gpg", "iconv", "patch",
})  # fmt: skip
"""Commands that may make a copy of a program."""
SCRIPTED = frozenset({
    "awk", "gawk", "mawk", "perl", "find", "sed", "jq", "duckdb", "sqlite3", "vim", "vi", "ed",
})  # fmt: skip
"""Commands with a program of their own on the line, which may start others."""
BY_MODULE = frozenset({
    "uvicorn", "gunicorn", "hypercorn", "celery", "flask", "luigi", "rq", "dask", "dagster",
    "prefect", "tox", "nox", "invoke", "inv", "fab", "runpy", "waitress-serve", "mod_wsgi-express",
    "huey_consumer", "dramatiq", "arq", "faust", "chainlit", "gradio", "ptpython", "bpython",
    "unittest", "trace", "cProfile", "timeit", "doctest", "IPython", "code", "pdb", "ipdb",
})  # fmt: skip
"""Programs and modules that are told what to run by a module's name."""
_MAY_START = frozenset(
    {
        "make",
        "npm",
        "uv",
        "conda",
        "tmux",
        "screen",
        "vim",
        "vi",
        "ray",
        "wandb",
        "ipython",
        "jupyter",
        "pytest",
        "ollama",
        "vllm",
        "perl",
        "awk",
        "gawk",
        "command",
        "builtin",
        "env",
        "time",
        "timeout",
        "nohup",
        "exec",
        "gcc",
        "hash",
        "nano",
    }
)
_TOUCHING = frozenset({
    "git", "curl", "wget", "aria2c", "hg", "svn", "nvim", "emacs", "code", "nano", "bat", "batcat",
    "fd", "fdfind", "ag", "ack", "tokei", "cloc", "pyright", "flake8", "pylint", "isort",
    "autoflake", "pyflakes", "autopep8", "yapf", "pycodestyle", "bandit", "vulture", "radon",
    "pyupgrade", "dos2unix", "unix2dos", "truncate", "shred", "unlink", "chown", "chgrp",
    "rename", "sponge",
    "apply_patch", "patch", "diff", "colordiff", "delta", "vimdiff", "cksum", "sum", "b2sum",
    "sha512sum", "od", "hexdump", "look", "expand", "unexpand", "pr", "csplit", "nohup", "tig",
    "pygmentize", "highlight", "lsattr", "getfacl", "trash", "trash-put", "eval", "watch", "trap",
    "parallel", "ssh", "docker", "podman", "script", "su", "batch", "logger", "say", "notify-send",
    "py_compile", "compileall", "json.tool", "pip", "venv", "ast", "tokenize", "dis", "pyclbr",
    "ruff", "black", "mypy", "pydoc", "zipfile", "tarfile", "gzip", "base64", "http.server",
    "shopt", "xargs", "nl", "mkfifo", "mktemp", "ipcs", "gh", "glab", "hf", "kaggle", "gdown",
    "sh", "bash", "zsh", "dash", "ksh", "ash", "rbash", "tabnanny", "lib2to3", "2to3",
})  # fmt: skip
QUIET = (HARMLESS | FILTERS | COPIERS | _TOUCHING) - _MAY_START | {"nano", "gcc", "nohup"}
"""Commands that start no program that they name, or whose starts follow as commands."""
TRAINERS = frozenset({
    "axolotl", "llamafactory-cli", "llamafactory", "trl", "tune", "swift", "mergekit-yaml",
    "mergekit",
    "mergekit-moe", "accelerate", "torchrun", "deepspeed", "mlx_lm.lora", "xtuner", "lmflow",
    "litgpt", "autotrain",
})  # fmt: skip
"""Programs that train by options or a configuration: `flow.trainers` reads them."""
HOOK = re.compile(
    r"\$\(\S*(?:conda|mamba|micromamba|ssh-agent|direnv|brew|pyenv|rbenv|starship|dircolors|zoxide|"
    r"lesspipe|register-python-argcomplete|fnm|mise|thefuck|uv|resize|tput)\b"
)
"""``eval "$(conda shell.bash hook)"``: settings of the shell, by tools of others."""
