"""Data bases in files: what is inserted is in the file."""

from __future__ import annotations

from .choosing import queried
from .lib_files import write
from .machine import Call, Machine
from .registry import ending, named
from .values import Value, deep, merged

_ASKS = ("SELECT", "WITH")
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
    return _selected(machine, call, statement) if text.startswith(_ASKS) else None


def _selected(machine: Machine, call: Call, statement: Value) -> Value | None:
    """The rows of one split, by a column of this name."""
    receiver = call.receiver
    assert receiver is not None
    given = call.args[1] if len(call.args) > 1 else Value()
    parts = given.elements or list((given.entries or {}).values())
    part = queried(statement.text or "", *(one.text or "" for one in parts))
    if not part:
        return None
    sources = machine.parts_of(deep(receiver), part)
    if not receiver.file:  # a cursor: ``cursor.fetchall()`` gives what was asked last
        receiver.content = sources
    return Value(sources=sources, parents=(receiver,))


@named("pandas.read_sql", "pandas.read_sql_query", "polars.read_database")
def _read_sql(machine: Machine, call: Call) -> Value | None:
    part = queried((call.args[0].text if call.args else None) or "")
    if not part:
        return None
    whole = merged(deep(value) for value in call.everything())
    return Value(sources=machine.parts_of(whole, part))


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
