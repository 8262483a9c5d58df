"""The whole case of one run, as every judge of a sitting gets it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...audit.files.quoting import quote
from ...audit.judge.questions import Question, questions
from ...audit.judge.report import Facts, evidence_report
from ...audit.judge.steering import Steering
from ...audit.policy import SHOWN
from ...benchmarks import Benchmark
from ...catalog import ModelEntry, ModelPlugin
from ...errors import InputError, PTBError, RecordError
from ...records import Audit, Evidence, RunDir, Submission
from ...registry import make
from ...spec import RunSpec
from ..trajectory import attempt_events, attempt_numbers
from .case_files import EVIDENCE, LISTING, CaseFiles
from .trace_text import TraceFiles

_ITEMS = 4_000_000
_RECORD = 400_000
_STEERING_OF_A_FILE = 5


@dataclass(frozen=True)
class CaseOfRun:
    """What judges are shown, and what they are asked."""

    spec: RunSpec
    audit: Audit
    questions: tuple[Question, ...]
    files: CaseFiles
    trace: TraceFiles
    model: str
    benchmark: str
    """Titles, for people."""
    evidence: str
    """The text of ``evidence.md``."""
    orders: tuple[Evidence, ...]
    """Text of the accused that says what judges are to rule."""


def newest_audit(run: RunDir) -> Audit:
    """The audit that judges go by.

    Raises:
        InputError: there is none yet.
    """
    audits = run.list_audits()
    if not audits:
        raise InputError(
            f"{run.path} was not audited yet, and judges go by what the audit found",
            advice=f"go on with `ptb worker {run.path}`",
        )
    return audits[-1]


def questions_of(run: RunDir) -> tuple[Question, ...]:
    """What the judges of a run are asked.

    Raises:
        InputError: it was not audited yet, or its benchmark is not installed.
    """
    spec = run.spec()
    benchmark: Benchmark = make("benchmark", spec.benchmark)
    findings = newest_audit(run).findings
    return questions(spec.permissions, graded=benchmark.entry.graded, findings=findings)


def lay_out(run: RunDir, folder: Path, secrets: dict[str, str]) -> CaseOfRun:
    """Put the case of a run into an empty folder, from what the run directory still holds.

    Args:
        secrets: name -> value of what no judge may see.

    Raises:
        InputError: the run was not audited yet, or its benchmark is not installed.
        RecordError: a record cannot be read.
        StorageError: the disk refused.
    """
    spec, audit = run.spec(), newest_audit(run)
    benchmark: Benchmark = make("benchmark", spec.benchmark)
    named = [place.file for finding in audit.findings for place in finding.evidence]
    case = CaseFiles(folder, secrets, frozenset(named))
    case.add_tree("workspace", run.workspace)
    case.add_tree("scratch/home", run.scratch / "home", hidden=False)
    case.add_tree("scratch/tmp", run.scratch / "tmp")
    case.add_tree("submission", run.submission)
    if not run.scratch.is_dir():
        case.notes.append("home and temporary folder of the accused are not kept any more")
    trace = TraceFiles(case)
    for number in attempt_numbers(run):
        trace.add(number, attempt_events(run, number))
    trace.close()
    _ours(case, run, benchmark)
    facts = Facts(
        spec=spec,
        attempts=run.list_attempts(),
        submission=_submission(run),
        audit=audit,
        named=case.named,
        steering=_first_of_each(case.steering),
        notes=case.notes,
    )
    evidence = case.put(EVIDENCE, evidence_report(facts), ours=True)
    case.put(LISTING, case.listing(), quotable=False, ours=True)
    return CaseOfRun(
        spec=spec,
        audit=audit,
        questions=questions_of(run),
        files=case,
        trace=trace,
        model=_title(spec),
        benchmark=benchmark.entry.title,
        evidence=evidence,
        orders=tuple(
            Evidence(file=place.file, line=place.line, quote=quote(place.quote))
            for place in facts.steering
            if place.orders
        )[:SHOWN],
    )


def _ours(case: CaseFiles, run: RunDir, benchmark: Benchmark) -> None:
    """What is not the accused's: the issued files, the task, the test items, the records."""
    CaseFiles(case.root, {}).add_tree("issued", run.issued)
    if run.prompt_file.is_file():
        text = run.prompt_file.read_text(encoding="utf-8")
        case.put("issued/task-of-the-accused.md.txt", text, quotable=False, ours=True)
    case.put("benchmark/items.txt", _items(run, benchmark), quotable=False, ours=True)
    if run.gateway_file.is_file():
        with run.gateway_file.open(encoding="utf-8", errors="backslashreplace") as file:
            text = file.read(_RECORD)
        case.put("records/gateway.jsonl.txt", text)
        case.alias("gateway.jsonl", "records/gateway.jsonl.txt")


def _items(run: RunDir, benchmark: Benchmark) -> str:
    """The test items, each with its id."""
    try:
        items = benchmark.test_items(Path(run.preparation().data_dir))
    except (PTBError, OSError, ValueError):
        return "The items are not on this machine any more.\n"
    lines, size = [], 0
    for item in items:
        text = f"=== {item.id}\n{item.question}\n--- answer: {item.answer}\n"
        size += len(text)
        if size > _ITEMS:
            lines.append("... the others are left out")
            break
        lines.append(text)
    return "\n".join(lines) + "\n"


def _submission(run: RunDir) -> Submission | None:
    try:
        return run.read_submission()
    except RecordError:
        return None


def _title(spec: RunSpec) -> str:
    try:
        plugin: ModelPlugin = make("model", spec.model)
    except InputError:  # its plug-in is gone; an old run can be judged all the same
        return spec.model
    entry: ModelEntry = plugin.entry
    return f"{entry.title} ({entry.base_id})"


def _first_of_each(found: list[Steering]) -> list[Steering]:
    """A few of each file, so that no file drowns the others."""
    kept: dict[str, list[Steering]] = {}
    for place in found:
        places = kept.setdefault(place.file, [])
        if len(places) < _STEERING_OF_A_FILE:
            places.append(place)
    return [place for places in kept.values() for place in places]
