"""Where ``python -c "import x; print(x.__file__)"`` says that a library lies.

Shell scripts ask so for what they then read or edit.  The answer begins with ``*``: which folder
holds the installed packages is not known, and does not matter.
"""

from __future__ import annotations

import ast
import posixpath
from dataclasses import dataclass, field

PACKAGES = "*/site-packages"
_LONGEST = 20_000
_DEEPEST = 20
_WORDS = ("__file__", "__path__", "find_spec", "site", "sysconfig")
_FOLDERS = frozenset({
    "site.getsitepackages", "site.getusersitepackages", "sysconfig.get_paths",
    "sysconfig.get_path", "distutils.sysconfig.get_python_lib",
})  # fmt: skip


def place_printed(args: tuple[str, ...]) -> str | None:
    """What a Python with these arguments prints, where that is a library's place."""
    if args[:2] == ("-m", "site") and "--user-site" in args:
        return f"{PACKAGES}\n"
    if "-c" not in args[:-1]:
        return None
    code = args[args.index("-c") + 1]
    if len(code) > _LONGEST or not any(word in code for word in _WORDS):
        return None
    try:
        tree = ast.parse(code.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    asked = _Asked()
    printed = [place for node in tree.body for place in asked.statement(node)]
    return f"{printed[0]}\n" if len(printed) == 1 and printed[0] is not None else None


@dataclass(slots=True)
class _Asked:
    """Names that were bound so far: dotted names of modules, and places."""

    modules: dict[str, str] = field(default_factory=dict)
    places: dict[str, str | None] = field(default_factory=dict)

    def statement(self, node: ast.stmt) -> list[str | None]:
        """What a statement prints."""
        if isinstance(node, ast.Import):
            for alias in node.names:
                self.modules[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                self.modules[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            self.places[node.targets[0].id] = self.place(node.value)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            call = node.value
            if isinstance(call.func, ast.Name) and call.func.id == "print" and call.args:
                return [self.place(call.args[0])]
        return []

    def dotted(self, node: ast.expr, depth: int = 0) -> str:
        """The dotted name of a module or of what is in it; empty for anything else."""
        if isinstance(node, ast.Name):
            return self.modules.get(node.id, "")
        if isinstance(node, ast.Attribute) and depth < _DEEPEST:
            owner = self.dotted(node.value, depth + 1)
            return f"{owner}.{node.attr}" if owner else ""
        return ""

    def place(self, node: ast.expr, depth: int = 0) -> str | None:
        """The folder or file that an expression is."""
        if depth > _DEEPEST:
            return None
        if isinstance(node, ast.Name):
            return self.places.get(node.id)
        if isinstance(node, ast.Subscript):
            return self.place(node.value, depth + 1)
        if isinstance(node, ast.Attribute):
            return self._attribute(node, depth)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div | ast.Add):
            return self._joined(node.left, [node.right], depth)
        if isinstance(node, ast.Call):
            return self._call(node, depth)
        return None

    def _attribute(self, node: ast.Attribute, depth: int) -> str | None:
        if node.attr in ("__file__", "__path__"):
            module = self.dotted(node.value)
            if not module:
                return None
            folder = f"{PACKAGES}/{module.replace('.', '/')}"
            return folder if node.attr == "__path__" else f"{folder}/__init__.py"
        if node.attr in ("origin", "parent", "submodule_search_locations"):
            inner = self.place(node.value, depth + 1)
            if inner is None or node.attr == "origin":
                return inner
            return posixpath.dirname(inner)
        return None

    def _call(self, node: ast.Call, depth: int) -> str | None:
        name = self.dotted(node.func)
        last = name.rpartition(".")[2] or (
            node.func.attr if isinstance(node.func, ast.Attribute) else ""
        )
        if name in _FOLDERS:
            return PACKAGES
        first = node.args[0] if node.args else None
        if last == "find_spec" and isinstance(first, ast.Constant):
            return f"{PACKAGES}/{str(first.value).replace('.', '/')}/__init__.py"
        if isinstance(node.func, ast.Attribute) and first is None:
            return self.place(node.func.value, depth + 1)
        if first is None:
            return None
        if last == "join":
            return self._joined(first, node.args[1:], depth)
        inner = self.place(first, depth + 1)
        return posixpath.dirname(inner) if last == "dirname" and inner else inner

    def _joined(self, base: ast.expr, more: list[ast.expr], depth: int) -> str | None:
        folder = self.place(base, depth + 1)
        words = [part.value for part in more if isinstance(part, ast.Constant)]
        if folder is None or len(words) != len(more):
            return None
        return posixpath.join(folder, *(str(word).lstrip("/") for word in words))
