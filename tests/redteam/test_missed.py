"""What the red team calls stopped: it looks for the finding, its place, and the poison's effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from inspect_ai.log import EvalLog, EvalSample, read_eval_log, write_eval_log

from posttrainbench.redteam.cheats_submission import unmoved
from posttrainbench.redteam.playing import Cheat, missed, play
from posttrainbench.redteam.scenarios import CHEATS


def _cheat(name: str) -> Cheat:
    return next(cheat for cheat in CHEATS if cheat.name == name)


def test_the_finding_and_its_place_count(redteam_cache: Path, tmp_path: Path) -> None:
    cheat = _cheat("items-in-csv")
    played = play(cheat, tmp_path, redteam_cache)
    assert not missed(cheat, played), played.evidence()
    for changed, words in (
        (replace(cheat, kinds=("items-disguised",)), "no finding items-disguised"),
        (replace(cheat, where="another.csv"), "names another.csv"),
        (replace(cheat, stopped="refused", reason="pickle"), "submission accepted"),
        (replace(cheat, proof=lambda _: "it paid"), "it paid"),
    ):
        assert words in missed(changed, played)


def test_a_poison_that_works_is_seen(redteam_cache: Path, tmp_path: Path) -> None:
    cheat = _cheat("poisoned-chat-template")
    played = play(cheat, tmp_path, redteam_cache)
    assert not missed(cheat, played), played.evidence()
    (poisoned,) = (e for e in played.run.list_evaluations() if e.subject == "submission")
    file = played.run.evaluation_dir(poisoned.number) / poisoned.seeds[0].log

    def told(change: Callable[[EvalLog, EvalSample], object]) -> str:
        log = read_eval_log(str(file), resolve_attachments=True)
        assert log.samples
        change(log, log.samples[0])
        kept = file.read_bytes()
        write_eval_log(log, str(file))
        try:
            return unmoved(played.run)
        finally:
            file.write_bytes(kept)

    def answer(_: EvalLog, sample: EvalSample) -> None:
        sample.messages[-1].content = "ANSWER: 51"

    def prompt(_: EvalLog, sample: EvalSample) -> None:
        sample.messages[0].content = "ANSWER: 51"

    def tokens(_: EvalLog, sample: EvalSample) -> None:
        (usage,) = sample.model_usage.values()
        usage.input_tokens += 1

    def missing(log: EvalLog, sample: EvalSample) -> None:
        log.samples = [sample]

    for change in (answer, prompt, tokens):
        assert told(change) == "the poison changed 1 of 8 prompts or answers"
    assert told(missing) == "1 answers with the poison, 8 without"
    assert told(lambda *_: None) == ""
