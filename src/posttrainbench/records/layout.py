"""The run directory: the only link between stages, worker, backend and reports.

RUN/spec.json                 RunSpec, frozen
    journal.jsonl             what happened, in order
    leases/NNN.json           LeaseRecord: who wrote here; the highest may still be writing
    prompt.md                 what the agent was told
    prepare.json              Preparation
    issued/                   our copy of what was laid on the desk
    workspace/                the agent's desk; after the run without weights and caches
    workspace.manifest.jsonl  every path that the agent left: head, FileEntry a line, tail
    scratch/                  private home and /tmp of the agent; gone after the audit
    attempts/NNN.json         Attempt; NNN.output.jsonl holds its terminal output,
                              NNN.prompt.md what it was told where that is not prompt.md
    gateway.jsonl             requests to models that passed the run's gateway, or were refused
    resources.jsonl           ResourceSample a line: what machine, run and GPUs were doing
    trajectory.json           all attempts in Harbor's format (ATIF); made from the output files
    submission.json           Submission; submission/ is our copy of final_model
    memorisation.json         Probe: how likely it finds the items, and twins of them
    audits/NNN.json           Audit
    judgements/NNN.json       Judgement; NNN/ holds what each judge was asked, did and answered
    overrides/NNN.json        Override: a person's word on the verdict
    evaluations/NNN/          Evaluation with its inspect logs
    result.json               Result
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from datetime import UTC, datetime
from pathlib import Path

from ..errors import RecordError, StorageError
from ..spec import RunSpec
from .evaluations import Evaluation
from .files import TEMPORARY, read_json, storage_error, write_json
from .journal import Journal
from .judgements import Judgement, Override
from .memorisation import Probe
from .schemas import Attempt, Audit, Preparation, Result, Submission

_NUMBERED = re.compile(r"^(\d{3,})$")


class RunDir:
    """Paths and documents of one run.  Reading needs no lease; writing is the worker's."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.spec_file = self.path / "spec.json"
        self.journal_file = self.path / "journal.jsonl"
        self.leases = self.path / "leases"
        self.prompt_file = self.path / "prompt.md"
        self.prepare_file = self.path / "prepare.json"
        self.workspace = self.path / "workspace"
        self.issued = self.path / "issued"
        self.manifest_file = self.path / "workspace.manifest.jsonl"
        self.scratch = self.path / "scratch"
        self.attempts = self.path / "attempts"
        self.gateway_file = self.path / "gateway.jsonl"
        self.resources_file = self.path / "resources.jsonl"
        self.trajectory_file = self.path / "trajectory.json"
        self.submission_file = self.path / "submission.json"
        self.probe_file = self.path / "memorisation.json"
        self.submission = self.path / "submission"
        self.audits = self.path / "audits"
        self.judgements = self.path / "judgements"
        self.overrides = self.path / "overrides"
        self.evaluations = self.path / "evaluations"
        self.result_file = self.path / "result.json"

    @classmethod
    def create(cls, results: Path, spec: RunSpec) -> RunDir:
        """Make a new run directory under ``results`` with a name that nobody else has.

        The name is for people (date, benchmark, model, agent) and is never parsed.

        Raises:
            StorageError: the folder cannot be written.
        """
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        words = f"{spec.benchmark}-{spec.model}-{spec.agent.name}"
        safe = re.sub(r"[^A-Za-z0-9._-]+", "_", words)
        return cls.create_at(results / f"{stamp}-{safe}-{secrets.token_hex(3)}", spec)

    @classmethod
    def create_at(cls, path: Path, spec: RunSpec) -> RunDir:
        """Make a run directory of this very name; it must not exist yet."""
        run = cls(path)
        try:
            run.path.mkdir(parents=True)
        except FileExistsError as error:
            raise StorageError(
                f"{path} exists already",
                advice=f"go on with `ptb worker {path}`, or choose another name",
            ) from error
        except OSError as error:
            raise storage_error(path, error) from error
        write_json(run.spec_file, spec)
        run.journal.append("run-created")
        return run

    @classmethod
    def open(cls, path: Path) -> RunDir:
        """An existing run directory.

        Raises:
            RecordError: there is no ``spec.json`` in it.
        """
        run = cls(path)
        if not run.spec_file.is_file():
            raise RecordError(
                f"{path} is no run directory: it has no spec.json",
                advice="give the folder that `ptb run` printed, such as results/<run>",
            )
        return run

    @property
    def run_id(self) -> str:
        """The directory's name: unique within a results folder, for people."""
        return self.path.name

    @property
    def journal(self) -> Journal:
        """The journal, without a guard: for readers."""
        return Journal(self.journal_file)

    def spec(self) -> RunSpec:
        return read_json(self.spec_file, RunSpec)

    def preparation(self) -> Preparation:
        return read_json(self.prepare_file, Preparation)

    def read_submission(self) -> Submission:
        return read_json(self.submission_file, Submission)

    def read_probe(self) -> Probe | None:
        """The memorisation probe; ``None`` where none was made."""
        return read_json(self.probe_file, Probe) if self.probe_file.exists() else None

    def result(self) -> Result:
        return read_json(self.result_file, Result)

    def list_attempts(self) -> list[Attempt]:
        """All attempts, oldest first."""
        return [read_json(path, Attempt) for path in _numbered_files(self.attempts)]

    def list_audits(self) -> list[Audit]:
        """All audits, oldest first; the last one counts."""
        return [read_json(path, Audit) for path in _numbered_files(self.audits)]

    def list_judgements(self) -> list[Judgement]:
        """All judgements, oldest first; the last one counts."""
        return [read_json(path, Judgement) for path in _numbered_files(self.judgements)]

    def list_overrides(self) -> list[Override]:
        """All words of persons, oldest first; the last one counts."""
        return [read_json(path, Override) for path in _numbered_files(self.overrides)]

    def list_evaluations(self) -> list[Evaluation]:
        """All evaluations, oldest first; the last complete one of a subject counts."""
        files = [folder / "evaluation.json" for folder in _numbered_folders(self.evaluations)]
        return [read_json(path, Evaluation) for path in files if path.is_file()]

    def next_attempt(self) -> int:
        return _next(self.attempts)

    def next_audit(self) -> int:
        return _next(self.audits)

    def next_judgement(self) -> int:
        return _next(self.judgements)

    def next_override(self) -> int:
        return _next(self.overrides)

    def next_evaluation(self) -> int:
        return _next(self.evaluations)

    def attempt_file(self, number: int) -> Path:
        return self.attempts / f"{number:03d}.json"

    def attempt_prompt_file(self, number: int) -> Path:
        """What the agent was told at the beginning of a later attempt."""
        return self.attempts / f"{number:03d}.prompt.md"

    def output_file(self, number: int) -> Path:
        return self.attempts / f"{number:03d}.output.jsonl"

    def audit_file(self, number: int) -> Path:
        return self.audits / f"{number:03d}.json"

    def judgement_file(self, number: int) -> Path:
        return self.judgements / f"{number:03d}.json"

    def judgement_dir(self, number: int) -> Path:
        """What each judge was asked, did and answered."""
        return self.judgements / f"{number:03d}"

    def override_file(self, number: int) -> Path:
        return self.overrides / f"{number:03d}.json"

    def evaluation_dir(self, number: int) -> Path:
        return self.evaluations / f"{number:03d}"

    def sweep(self) -> None:
        """Delete what an earlier crash left half-written.  Only for the holder of the lease."""
        evaluations = (self.evaluations, *self.evaluations.glob("*"), *self.evaluations.glob("*/*"))
        judged = (self.judgements, *self.judgements.glob("*"), self.overrides)
        for folder in (
            *(self.path, self.leases, self.attempts, self.audits),
            *judged,
            *evaluations,
        ):
            if folder.is_dir():
                for entry in os.scandir(folder):
                    if entry.name.startswith(TEMPORARY):
                        if entry.is_dir(follow_symlinks=False):
                            shutil.rmtree(entry.path, ignore_errors=True)
                        else:
                            Path(entry.path).unlink(missing_ok=True)


def _numbered_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    found = [p for p in folder.iterdir() if p.suffix == ".json" and _NUMBERED.match(p.stem)]
    return sorted(found, key=lambda path: int(path.stem))


def _numbered_folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    found = [p for p in folder.iterdir() if p.is_dir() and _NUMBERED.match(p.name)]
    return sorted(found, key=lambda path: int(path.name))


def _next(folder: Path) -> int:
    if not folder.is_dir():
        return 1
    taken = [int(m[1]) for p in folder.iterdir() if (m := _NUMBERED.match(p.name.split(".")[0]))]
    return max(taken, default=0) + 1
