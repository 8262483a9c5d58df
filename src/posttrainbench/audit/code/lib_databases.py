"""Data bases in files: what is inserted is in the file."""

from __future__ import annotations

from .lib_files import write
from .machine import Call, Machine
from .registry import ending
from .values import Value, deep

_PUTS = ("INSERT", "REPLACE", "UPDATE", "COPY", "CREATE TABLE")
_DEPTH = 4


@ending("execute", "executemany", "executescript")
def _execute(machine: Machine, call: Call) -> Value | None:
    file = _file_of(call.receiver)
    if not file or not call.args:
        return None
    statement = call.args[0]
    text = (statement.text or "").lstrip().upper()
    if text.startswith(_PUTS) and (len(call.args) > 1 or deep(statement)):
        write(machine, call, Value(frozenset({file})), *call.args)
    return None


@ending("to_sql")
def _to_sql(machine: Machine, call: Call) -> Value | None:
    file = _file_of(call.argument(1, "con", "connection"))
    if not file or call.receiver is None:
        return None
    return write(machine, call, Value(frozenset({file})), call.receiver)


def _file_of(value: Value | None) -> str:
    """The file of a connection, or of a cursor of it."""
    level = [value] if value is not None else []
    for _ in range(_DEPTH):
        for one in level:
            if one.file:
                return one.file
        level = [parent for one in level for parent in one.parents][:20]
    return ""
