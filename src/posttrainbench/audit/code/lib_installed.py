"""Functions that tell where libraries lie, and one that says that a package is a library."""

from __future__ import annotations

from .installed import PACKAGES, installed
from .machine import Call, Machine
from .registry import named
from .values import Value


@named("importlib.util.find_spec", "pkgutil.find_loader", "importlib.find_loader")
def _find_spec(_: Machine, call: Call) -> Value | None:
    module = call.args[0].text if call.args else None
    if module is None:
        return None
    return Value(
        attributes={
            "origin": installed(module, "__file__"),
            "submodule_search_locations": installed(module, "__path__"),
        }
    )


@named("inspect.getfile", "inspect.getsourcefile", "inspect.getabsfile",
       "importlib.resources.files",
       "importlib.resources.path")  # fmt: skip
def _file_of(_: Machine, call: Call) -> Value | None:
    module = call.args[0] if call.args else None
    if module is None:
        return None
    if call.last in ("files", "path"):
        name = module.text or module.name
        folder = installed(name, "__path__").elements if name else None
        return folder[0] if folder else None
    return installed(module.name, "__file__") if module.name else None


@named("site.getsitepackages")
def _folders(_: Machine, __: Call) -> Value:
    return Value(elements=[_packages()])


@named("site.getusersitepackages", "sysconfig.get_path", "distutils.sysconfig.get_python_lib")
def _folder(_: Machine, __: Call) -> Value:
    return _packages()


@named("sysconfig.get_paths")
def _paths(_: Machine, __: Call) -> Value:
    return Value(entries={"purelib": _packages(), "platlib": _packages()})


def _packages() -> Value:
    return Value(frozenset({PACKAGES}), is_path=True)


@named("setuptools.setup", "distutils.core.setup", "setuptools._distutils.core.setup")
def _setup(machine: Machine, call: Call) -> Value:
    name = call.named.get("name")
    if name is not None and name.text:
        machine.fact("patch", f"{name.text.replace('-', '_')}.setup", call.line)
    return Value()
