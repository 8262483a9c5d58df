"""Files that are read and written."""

from __future__ import annotations

from . import HOLE
from .machine import Call, Machine
from .registry import Handler, ending, named
from .splits import part_named, splits_named
from .values import Value, absorb, deep, merged


def read(machine: Machine, call: Call, path: Value | None) -> Value:
    """A file's content."""
    path = path if path is not None else Value()
    if path.handle is not None:
        return Value(sources=deep(path), parents=(path,))
    if any("://" in text for text in path.texts):
        fact = machine.fact("dataset", call.name, call.line, path, by="address")
    else:
        part = path.part if path.partly_known else ""
        fact = machine.fact("read", call.name, call.line, path, part=part)
    only = path.text if len(fact.targets) == 1 else None
    return Value(sources=machine.source(fact, path), optional=path.optional, file=only or "")


def write(machine: Machine, call: Call, path: Value | None, *content: Value | None) -> Value:
    """A file is written; the value is what more can be written through."""
    if path is not None and path.handle is not None:
        machine.feed(path.handle, *content)
        return Value(handle=path.handle)
    fact = machine.fact("write", call.name, call.line, path if path is not None else Value())
    machine.feed(fact, *content)
    return Value(handle=fact)


def write_whole(machine: Machine, call: Call, path: Value | None, value: Value | None) -> Value:
    """A file is written that holds a value as it is: splits by their names stay apart."""
    entries = (value.entries or {}) if value is not None else {}
    if value is None or not any(splits_named(key) for key in entries):
        return write(machine, call, path, value)
    result = write(machine, call, path, Value(sources=value.sources))
    whole = result.handle
    assert whole is not None
    for key, entry in entries.items():
        part = part_named(splits_named(key)) or "other"
        fact = machine.fact("write", call.name, call.line, whole.targets, part=part)
        fact.resolved = whole.resolved
        machine.feed(fact, entry)
    return result


@named("open", "io.open", "codecs.open", "gzip.open", "bz2.open", "lzma.open", "jsonlines.open",
       "aiofiles.open", "smart_open.open", "fsspec.open", "gzip.GzipFile",
       "builtins.open")  # fmt: skip
def _open(machine: Machine, call: Call) -> Value:
    path = call.argument(0, "file", "filename", "path")
    return opened(machine, call, path, call.argument(1, "mode"))


@ending("open")
def _open_path(machine: Machine, call: Call) -> Value | None:
    receiver = call.receiver
    if receiver is None or receiver.name or (not receiver.is_path and deep(receiver)):
        return None  # a member of an archive, say: it comes from what was opened before
    return opened(machine, call, receiver, call.argument(0, "mode"))


def opened(machine: Machine, call: Call, path: Value | None, mode: Value | None) -> Value:
    """A file object: what is read from it, or what it is written through."""
    modes = mode.texts if mode is not None else frozenset({"r"})
    writes = any(set(text) & set("wax+") or HOLE in text for text in modes)
    reads = not writes or any("r" in text or "+" in text for text in modes)
    result = read(machine, call, path) if reads else Value()
    if writes:
        result.handle = write(machine, call, path).handle
    return result


_READERS = {
    ("filepath_or_buffer", "path_or_buf", "path", "io", "source", "path_or_url"): (
        "pandas.read_json", "pandas.read_csv", "pandas.read_parquet", "pandas.read_table",
        "pandas.read_pickle", "pandas.read_excel", "pandas.read_feather", "pandas.read_orc",
        "polars.read_json", "polars.read_ndjson", "polars.read_csv", "polars.read_parquet",
        "polars.scan_parquet", "polars.scan_ndjson", "polars.scan_csv", "polars.read_ipc",
        "pyarrow.parquet.read_table", "pyarrow.parquet.ParquetFile",
        "pyarrow.parquet.ParquetDataset",
        "pyarrow.dataset.dataset", "pyarrow.csv.read_csv", "pyarrow.json.read_json",
        "pyarrow.memory_map", "pyarrow.OSFile", "pyarrow.feather.read_table",
    ),
    ("file", "fname", "filename", "f", "dataset_path", "path", "database"): (
        "numpy.load", "numpy.loadtxt", "numpy.genfromtxt", "numpy.fromfile", "numpy.memmap",
        "joblib.load", "datasets.Dataset.from_file", "linecache.getlines",
        "sqlite3.connect", "xml.etree.ElementTree.parse", "srsly.read_jsonl", "srsly.read_json",
        "zipfile.ZipFile", "tarfile.open", "inspect_ai.log.read_eval_log",
        "inspect_ai.log.read_eval_log_samples", "inspect_ai.dataset.json_dataset",
        "inspect_ai.dataset.csv_dataset",
    ),
}  # fmt: skip


_WHOLE = frozenset({"pandas.read_pickle", "numpy.load", "joblib.load", "srsly.read_json"})
"""Readers of files that may hold a dictionary of splits."""


def _reader(names: tuple[str, ...]) -> Handler:
    def run(machine: Machine, call: Call) -> Value | None:
        path, mode = call.argument(0, *names), call.argument(1, "mode")
        if mode is not None and mode.text and mode.text[:1] in "wax":
            return opened(machine, call, path, mode)
        content = read(machine, call, path)
        content.container = call.name in _WHOLE
        return content

    return run


for _arguments, _functions in _READERS.items():
    named(*_functions)(_reader(_arguments))


@named("fileinput.input", "fileinput.FileInput")
def _lines_of(machine: Machine, call: Call) -> Value:
    """What is printed while its lines are read goes into the same file, with ``inplace``."""
    path, inplace = call.argument(0, "files"), call.argument(1, "inplace")
    content = read_each(machine, call, path)
    if inplace is not None and inplace.text not in ("False", "None"):
        for one in (path.elements or [path]) if path is not None else []:
            write(machine, call, one, content)
    return content


@ending("load_from_disk")
def _load_from_disk(machine: Machine, call: Call) -> Value:
    return of_splits(machine, read(machine, call, call.argument(0, "dataset_path")))


def of_splits(machine: Machine, value: Value) -> Value:
    """A folder that was read as a data set, perhaps of several splits."""
    facts = [machine.facts[number] for number in value.sources]
    value.splits = next((fact for fact in facts if fact.kind == "read"), None)
    return value


@ending("from_json", "from_csv", "from_parquet", "from_text")
def _from_files(machine: Machine, call: Call) -> Value | None:
    if "Dataset" not in call.name:
        return None
    return read_each(machine, call, call.argument(0, "path_or_paths"))


def read_each(machine: Machine, call: Call, paths: Value | None) -> Value:
    """Files named one by one, in a list, or in a dictionary of splits."""
    if paths is not None and paths.entries is not None:
        entries = {key: read_each(machine, call, value) for key, value in paths.entries.items()}
        return Value(entries=entries)
    if paths is not None and paths.elements is not None:
        files = [read(machine, call, element) for element in paths.elements]
        return Value(sources=merged(deep(value) for value in files))
    return read(machine, call, paths)


@ending("read_text", "read_bytes")
def _read_path(machine: Machine, call: Call) -> Value | None:
    if call.receiver is None or call.receiver.name:
        return None
    return read(machine, call, call.receiver)


@ending("write_text", "write_bytes")
def _write_path(machine: Machine, call: Call) -> Value | None:
    if call.receiver is None:
        return None
    return write(machine, call, call.receiver, *call.args)


@named("json.dump", "pickle.dump", "yaml.dump", "yaml.safe_dump", "toml.dump", "joblib.dump",
       "marshal.dump", "dill.dump", "ujson.dump")  # fmt: skip
def _dump(machine: Machine, call: Call) -> Value | None:
    target = call.argument(1, "fp", "file", "stream", "filename")
    if target is None:
        return None
    value = call.argument(0, "obj", "value", "data")
    if target.handle is None and target.known:
        return write_whole(machine, call, target, value)
    if (value is None or value.entries is None) or target.handle is None:
        absorb(target, machine.content(value))
    else:
        names = frozenset(target.handle.targets)
        write_whole(machine, call, Value(frozenset(n.replace("*", HOLE) for n in names)), value)
    return Value()


@named("print", "builtins.print", "pprint.pprint", "pprint.pp", "rich.print")
def _print(machine: Machine, call: Call) -> Value:
    file = call.argument(None, "file", "stream")
    if file is None or file.text == "None" or file.name == "sys.stdout":
        _said(machine, call, *call.args, *call.extra)
    else:
        absorb(file, machine.content(*call.args, *call.extra))
    return Value()


@named("sys.stdout.write", "sys.stdout.writelines", "sys.stdout.buffer.write",
       "sys.stdout.buffer.writelines", "sys.__stdout__.write")  # fmt: skip
def _write_out(machine: Machine, call: Call) -> Value:
    _said(machine, call, *call.args)
    return Value()


@named("os.write")
def _write_descriptor(machine: Machine, call: Call) -> Value:
    first = call.args[0] if call.args else Value()
    if first.text == "1" or first.name.startswith("sys.stdout"):
        _said(machine, call, *call.args[1:])
    else:
        absorb(first, machine.content(*call.args[1:]))
    return Value()


@named("contextlib.redirect_stdout")
def _redirect(machine: Machine, call: Call) -> Value | None:
    """Until the end of the block that it stands in."""
    machine.out = call.argument(0, "new_target")
    return machine.out


def _said(machine: Machine, call: Call, *content: Value) -> None:
    """Something goes to standard output, wherever that goes."""
    if machine.out is not None:
        absorb(machine.out, machine.content(*content))
        return
    machine.feed(machine.fact("print", call.name, call.line), *content)


@ending("to_json", "to_csv", "to_parquet", "to_pickle", "save_to_disk", "to_feather",
        "write_parquet",
        "write_ndjson", "write_json", "write_csv", "tofile", "sink_parquet", "to_excel",
        "sink_ndjson",
        "write_jsonl")  # fmt: skip
def _write_frame(machine: Machine, call: Call) -> Value | None:
    if call.receiver is None:
        return None
    names = ("path_or_buf", "path", "dataset_path", "dataset_dict_path", "file", "excel_writer")
    target = call.argument(0, *names)
    if target is None:
        return None  # `to_json()` gives the text
    content = call.receiver
    if call.last in ("write_jsonl", "write_json", "write_csv") and call.receiver.name:
        content = call.argument(1, "lines", "data") or Value()
    return write_whole(machine, call, target, content)


@named("numpy.save", "numpy.savez", "numpy.savez_compressed", "numpy.savetxt")
def _numpy_save(machine: Machine, call: Call) -> Value:
    rest = [*call.args[1:], *call.named.values()]
    return write(machine, call, call.argument(0, "file", "fname"), *rest)


@named("pyarrow.parquet.write_table", "pyarrow.feather.write_feather")
def _arrow_write(machine: Machine, call: Call) -> Value:
    return write(machine, call, call.argument(1, "where", "dest"), call.argument(0, "table", "df"))


@named(
    "pyarrow.parquet.ParquetWriter",
    "pyarrow.ipc.new_file",
    "pyarrow.ipc.new_stream",
    "pyarrow.RecordBatchStreamWriter",
    "pyarrow.RecordBatchFileWriter",
)
def _arrow_writer(machine: Machine, call: Call) -> Value:
    return write(machine, call, call.argument(0, "where", "sink"))


@ending("read")
def _read_all(_: Machine, call: Call) -> Value | None:
    """An open file's text is still that file's."""
    receiver = call.receiver
    if receiver is None or not receiver.file or call.args:
        return None
    return Value(sources=deep(receiver), parents=(receiver,), file=receiver.file)
