"""Names of files that are listed, and files that are copied, moved and deleted."""

from __future__ import annotations

from . import HOLE, folding
from .machine import Call, Machine, shown
from .registry import by_pattern, ending, named
from .values import MOST_TEXTS, Value, deep


def listed(path: Value) -> Value:
    """A list of file names of this pattern."""
    one = Value(path.texts, deep(path), is_path=True, optional=path.optional)
    return Value(elements=[one])


def holes(text: str) -> str:
    """A glob's wildcards as unknown parts."""
    result, inside = "", False
    for character in text:
        if character == "[":
            inside = True
        elif character == "]" and inside:
            inside = False
            result += HOLE
        elif not inside:
            result += HOLE if character in "*?" else character
    while HOLE + HOLE in result:
        result = result.replace(HOLE + HOLE, HOLE)
    return result.replace(f"{HOLE}/{HOLE}", HOLE)


@named("glob.glob", "glob.iglob")
def _glob(_: Machine, call: Call) -> Value | None:
    pattern = call.argument(0, "pathname")
    if pattern is None:
        return None
    if (root := call.named.get("root_dir")) is not None:
        pattern = folding.join_paths([root, pattern])
    return listed(folding.combine([pattern], holes))


@ending("glob", "rglob")
def _path_glob(_: Machine, call: Call) -> Value | None:
    if call.receiver is None or not call.args or call.receiver.name:
        return None
    pattern = folding.combine([call.args[0]], holes)
    if call.last == "rglob":
        pattern = folding.combine([pattern], lambda text: HOLE + text.lstrip(HOLE))
    return listed(folding.join_paths([call.receiver, pattern]))


@ending("iterdir")
def _iterdir(_: Machine, call: Call) -> Value | None:
    if call.receiver is None:
        return None
    return listed(folding.join_paths([call.receiver, Value()]))


@named("os.listdir", "os.scandir")
def _listdir(_: Machine, call: Call) -> Value:
    folder = call.args[0] if call.args else Value(frozenset({"."}))
    if call.last == "scandir":
        return listed(folding.join_paths([folder, Value()]))
    return Value(elements=[Value(sources=deep(folder))])


@named("os.walk")
def _walk(_: Machine, call: Call) -> Value | None:
    if not call.args:
        return None
    root = folding.combine([call.args[0]], lambda text: text.rstrip("/") + HOLE)
    root.is_path = True
    names = Value(elements=[Value()])
    return Value(elements=[Value(elements=[root, names, names])])


@named("shutil.copy", "shutil.copyfile", "shutil.copy2", "shutil.copytree", "shutil.move",
       "os.rename",
       "os.replace", "os.link", "os.symlink", "os.renames", "distutils.dir_util.copy_tree",
       "shutil.unpack_archive")  # fmt: skip
def _copy(machine: Machine, call: Call) -> Value | None:
    source = call.argument(0, "src", "filename")
    target = call.argument(1, "dst", "extract_dir")
    if source is None or target is None:
        return None
    return copied(machine, call, source, target)


@by_pattern
def _copy_path(machine: Machine, call: Call) -> Value | None:
    """``path.rename(new)`` and its kin; data sets have methods of these names as well."""
    if call.last not in ("rename", "replace", "symlink_to", "hardlink_to") or len(call.args) != 1:
        return None
    if call.receiver is None or not call.receiver.is_path:
        return None
    source, target = call.receiver, call.args[0]
    if call.last in ("symlink_to", "hardlink_to"):
        source, target = target, source
    return copied(machine, call, source, target)


def copied(machine: Machine, call: Call, source: Value, target: Value) -> Value:
    """Files or folders get another name."""
    pairs = [(a, b) for a in sorted(source.texts) for b in sorted(target.texts)]
    for a, b in pairs[:MOST_TEXTS]:
        fact = machine.fact("copy", call.name.lstrip("."), call.line, (shown(a), shown(b)))
        known = bool(a.strip(HOLE)) and bool(b.strip(HOLE))
        fact.resolved = known and len(pairs) <= MOST_TEXTS
        machine.feed(fact, Value(sources=deep(source)))
    return target


@named("os.remove", "os.unlink", "shutil.rmtree", "os.rmdir", "os.removedirs")
@ending("unlink")
def _delete(machine: Machine, call: Call) -> Value | None:
    path = call.args[0] if call.args and not call.name.startswith(".") else call.receiver
    if path is None:
        return None
    machine.fact("delete", call.name.lstrip("."), call.line, path)
    return Value()
