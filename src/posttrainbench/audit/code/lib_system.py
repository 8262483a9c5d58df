"""Other programs, processes, and code that is made while the program runs."""

from __future__ import annotations

import ast
import shlex

from . import HOLE
from .machine import Call, Machine
from .registry import ending, named
from .values import Scope, Value, absorb, deep

_EXECS = 3
"""How deep code that runs code is followed."""
_IN_EXEC = -1


@named("subprocess.run", "subprocess.Popen", "subprocess.call", "subprocess.check_call",
       "subprocess.check_output", "subprocess.getoutput", "subprocess.getstatusoutput", "os.system",
       "os.popen", "asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell", "pty.spawn",
       "os.execvp", "os.execv", "os.execve", "os.execvpe", "os.posix_spawn", "os.posix_spawnp",
       "pexpect.spawn", "os.spawnvp", "os.spawnv", "os.execl", "os.execlp")  # fmt: skip
def _spawn(machine: Machine, call: Call) -> Value:
    command = call.argument(0, "args", "cmd", "command")
    listed = [value for value in call.args if value.elements is not None]
    if call.name.startswith(("os.exec", "os.spawn", "os.posix")):
        command = listed[0] if listed else Value(elements=call.args[1:])
    elif call.name == "asyncio.create_subprocess_exec":
        command = Value(elements=list(call.args))
    session, folder = call.named.get("start_new_session"), call.named.get("cwd")
    new_session = "new" if session is not None and session.text == "True" else ""
    cwd = folder.text or "" if folder is not None else ""
    text = command_text(command)
    fact = machine.fact("command", call.name, call.line, text, session=new_session, cwd=cwd)
    machine.feed(fact, command, call.named.get("input"))
    if (output := call.named.get("stdout")) is not None and output.handle is not None:
        absorb(output, machine.source(fact))
    return Value(sources=machine.source(fact))


def command_text(command: Value | None) -> Value:
    """The command line of a call that starts a program."""
    if command is None:
        return Value()
    if command.elements is None:
        return command
    words = []
    for element in command.elements:
        only = next(iter(element.texts)) if len(element.texts) == 1 else HOLE
        words.append(only if HOLE in only else shlex.quote(only))
    return Value(frozenset({" ".join(words)}))


@named("os.setsid", "os.fork", "os.forkpty", "os.setpgrp", "setproctitle.setproctitle",
       "prctl.set_name",
       "prctl.set_proctitle", "daemon.DaemonContext", "daemonize.Daemonize",
       "setproctitle.setthreadtitle")  # fmt: skip
def _hide(machine: Machine, call: Call) -> Value:
    machine.fact("hide", call.name, call.line, call.args[0] if call.args else ())
    return Value()


@ending("prctl", "ptrace", "unshare", "setns", "pivot_root", "chroot", "process_vm_readv")
def _system_call(machine: Machine, call: Call) -> Value | None:
    first = call.args[0] if call.args else None
    if call.last == "prctl":
        if first is not None and (first.text == "15" or first.name.endswith("PR_SET_NAME")):
            name = call.args[1] if len(call.args) > 1 else Value()
            machine.fact("hide", "prctl", call.line, name)
        return None
    machine.fact("probe", call.name.lstrip("."), call.line)
    return None


@named("os.kill", "os.killpg")
def _kill(machine: Machine, call: Call) -> Value:
    pid = call.args[0] if call.args else Value()
    own = "" if pid.known else "yes"
    machine.fact("kill", call.name, call.line, pid, own=own)
    return Value()


@named("exec", "eval", "builtins.exec", "builtins.eval")
def _exec(machine: Machine, call: Call) -> Value:
    return _executed(machine, call, call.args[0] if call.args else Value())


def _executed(machine: Machine, call: Call, code: Value) -> Value:
    text = code.text
    if text is None and code.file:
        text = machine.start.text_of(code.file, machine.start.cwd)
    shown = () if text is None else (text[:300],)
    fact = machine.fact("dynamic", call.name, call.line, shown)
    if text is None or machine.stack.count(_IN_EXEC) >= _EXECS:
        fact.resolved = False
        machine.miss(f"line {call.line}: {call.last} of a text that is not known")
        return Value(sources=deep(code))
    try:
        tree = ast.parse(text.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Value(sources=deep(code))
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt | ast.expr):
            node.lineno = call.line
    machine.stack.append(_IN_EXEC)
    try:
        machine.execute(tree.body, machine.root)
    finally:
        machine.stack.pop()
    return Value(sources=deep(code))


@named("compile", "builtins.compile")
def _compile(_: Machine, call: Call) -> Value:
    return call.args[0] if call.args else Value()


@named("__import__", "importlib.import_module", "builtins.__import__")
def _import(machine: Machine, call: Call) -> Value:
    name = call.args[0].text if call.args else None
    if name is None:
        machine.fact("dynamic", call.name, call.line, call.args[0] if call.args else ())
        machine.miss(f"line {call.line}: a module whose name is not known is imported")
        return Value()
    scope = Scope(module=machine.module)
    node = ast.Import(names=[ast.alias(name=name, asname="found")], lineno=call.line, col_offset=0)
    machine.execute([node], scope)
    if call.last == "import_module" or "." not in name:
        return scope.names["found"]
    return Value(name=name.partition(".")[0])


@named("getattr", "builtins.getattr")
def _getattr(_: Machine, call: Call) -> Value | None:
    if len(call.args) < 2 or call.args[1].text is None:
        return None
    base, name = call.args[0], call.args[1].text
    if name in base.attributes:
        return base.attributes[name]
    return Value(name=f"{base.name}.{name}", parents=(base,)) if base.name else None


@named("vars", "builtins.vars")
def _vars(_: Machine, call: Call) -> Value | None:
    """The names of a library, as a dictionary."""
    name = call.args[0].name if call.args else ""
    return Value(name=f"{name}.__dict__") if name and not name.endswith("()") else None


@named("globals", "builtins.globals")
def _globals(machine: Machine, _: Call) -> Value:
    return Value(entries=machine.root.names)


@named("runpy.run_path")
def _run_path(machine: Machine, call: Call) -> Value:
    path = call.args[0].text if call.args else None
    return _executed(machine, call, Value(file=path or ""))


@named("marshal.loads", "types.FunctionType", "types.CodeType", "runpy.run_module")
def _opaque(machine: Machine, call: Call) -> Value:
    fact = machine.fact("dynamic", call.name, call.line, call.args[0] if call.args else ())
    fact.resolved = False
    machine.miss(f"line {call.line}: {call.name} runs code that is not seen")
    return Value()
