"""Read one program: parse it, walk it, and hand over its facts."""

from __future__ import annotations

import ast
from collections.abc import Callable

from . import (
    Reading,
    UnparsedError,
    lib_arguments,
    lib_containers,
    lib_databases,
    lib_documents,
    lib_files,
    lib_folders,
    lib_hub,
    lib_installed,
    lib_network,
    lib_options,
    lib_system,
    lib_texts,
    lib_training,
    lib_weights,
)
from .calls import Calls
from .expressions import Expressions
from .machine import FUEL, Machine, SpentError, Start
from .statements import Statements
from .values import Function, Value

LIBRARIES = (
    lib_arguments, lib_containers, lib_databases, lib_documents, lib_files, lib_folders, lib_hub,
    lib_installed, lib_network, lib_options, lib_system, lib_texts, lib_training, lib_weights,
)  # fmt: skip
"""Each enters what it knows in the registry when it is imported."""
LONGEST = 1_000_000
"""Characters of a program that is read."""
_FRAMEWORK = frozenset({
    "forward", "compute_loss", "training_step", "train_dataloader", "get_train_dataloader",
    "__getitem__",
    "__iter__", "run", "step", "configure_optimizers", "__call__", "collate", "torch_call",
})  # fmt: skip
"""Methods that a framework calls."""

Load = Callable[[str, str], tuple[str, str] | None]


def read_program(text: str, start: Start | None = None, load: Load | None = None) -> Reading:
    """What a program does.

    Args:
        text: its Python; hostile, only parsed.
        start: how it is started.
        load: the text and path of a module beside it, by the module's dotted name (``.name`` where
            it is relative) and the path of the importing program; ``None`` where there is none.

    Raises:
        UnparsedError: it is no Python of this interpreter's version, or too large.
    """
    tree = parse(text)
    machine, broken = _build(start or Start(), load), ""
    try:
        _walk(machine, tree)
    except Exception as error:  # what brings the reader down must not hide the other programs
        broken = f"{type(error).__name__}: {error}"[:200]
        machine.miss(f"reading it failed ({broken})")
    return Reading(
        facts=tuple(machine.facts),
        imports=dict(machine.imports),
        local=tuple(machine.modules),
        complete=not machine.reasons,
        why=tuple(machine.reasons),
        steps=FUEL - machine.fuel,
        broken=broken,
    )


def _walk(machine: Machine, tree: ast.Module) -> None:
    try:
        machine.execute(tree.body, machine.root)
        _the_rest(machine)
    except SpentError:
        machine.miss("it is too long to be followed to its end")
    except RecursionError:
        machine.miss("it is nested too deep")
    lib_training.settle(machine)


def parse(text: str) -> ast.Module:
    """The tree of a program.

    Raises:
        UnparsedError: says why there is none.
    """
    if len(text) > LONGEST:
        raise UnparsedError(f"it has more than {LONGEST} characters")
    try:
        return ast.parse(text)
    except SyntaxError as error:
        raise UnparsedError(f"line {error.lineno}: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise UnparsedError(f"it cannot be parsed ({type(error).__name__})") from None


def _build(start: Start, load: Load | None) -> Machine:
    """A machine with all its parts."""
    machine = Machine(start, load)
    expressions = Expressions(machine, lib_hub.narrowed, lib_options.subscript)
    calls = Calls(expressions)
    machine.evaluate = expressions.evaluate
    machine.execute = Statements(expressions).execute
    machine.invoke = calls.invoke
    machine.call_value = calls.call_value
    machine.look_into = calls.look_into
    return machine


def _the_rest(machine: Machine) -> None:
    """Functions that nothing called: a framework may call methods, and nobody the others."""
    for made in list(machine.objects)[:100]:
        if made.klass is None:
            continue
        for name, value in list(made.klass.scope.names.items()):
            if value.function is not None and id(value.function.node) not in machine.called:
                bound = Function(value.function.node, value.function.scope, made)
                machine.uncalled = name not in _FRAMEWORK
                machine.invoke(bound, [], {})
    machine.uncalled = True
    for key, function in list(machine.seen.items()):
        if key not in machine.called:
            args = [Value(optional=True)] if function.scope.is_class else []
            machine.invoke(function, args, {})
