"""The threat model: each threat, what stands against it, which tests show it, what remains open.

``docs/threat-model.md`` is generated from this table and from the cheats that name its threats.
"""

# ruff: noqa: E501 - sentences of a page
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .playing import Cheat


@dataclass(frozen=True)
class Threat:
    """One row."""

    name: str
    defence: str
    tests: tuple[str, ...] = ()
    """Beside the cheats that are played."""
    open: str = "-"


SCORE = "Against the score"
MACHINE = "Against the machine and other runs"

THREATS: dict[str, tuple[Threat, ...]] = {
    SCORE: (
        Threat(
            "edits the evaluation",
            "the final evaluation runs from the installed package with its own data and templates; issued files are compared with their hashes (check `desk`, conclusive); installed packages are read-only inside, and attempts to edit or shadow them are read from commands and programs (check `conduct`, for a judge)",
            ("tests/audit/test_desk_and_trace.py", "tests/sandboxes/test_isolation.py"),
            "with the `host` sandbox packages can be edited; the record says that files were not isolated and the score is not comparable",
        ),
        Threat(
            "plants results and verdicts",
            "scores and verdicts are never read from the workspace; judges answer outside of it; such files are reported",
            ("tests/audit/test_desk_and_trace.py",),
        ),
        Threat(
            "moves the deadline",
            "the clock is the worker's; the deadline file stands outside, read-only; after the grace everything is killed",
            ("tests/sandboxes/test_isolation.py", "tests/runs/test_worker.py"),
        ),
        Threat(
            "trains on test items",
            "everything that could have been training data is searched, whatever its format, with what was written and deleted again (check `contamination`): copies, reformatted and edited ones, renamed names, numbers, functions and schemas, answers alone; whether a file reached training is told from programs and commands; the trained model is asked whether it knows the items by heart (check `memorisation`, informs)",
            ("tests/audit/test_contamination.py", "tests/audit/test_clean_data.py"),
            "items that stand as literals in a program are found, and are a question for a judge: what of a program reaches training is seldom certain; a paraphrase by a good writer or a translation is not found in files; data that was never written to a file nor shown in the trace leaves the memorisation probe alone; what the agent's own model knows of the items by heart and writes down in other words (distillation from memory) is beyond reach",
        ),
        Threat(
            "submits the instruct model or another checkpoint",
            "the weights are compared with the base model's and with every known model's, tensor by tensor, as they are or by fingerprint (check `provenance`)",
            ("tests/audit/test_provenance.py",),
            "a model that is neither known nor far from the base passes; references that are not at hand are named in the verdict (no official instruct version comes with this package), `ptb fingerprint` adds them; small shares of one below much own training pass, and public fine-tunings convict by identity alone, else ask a judge: [figures](provenance.md#how-far-the-limits-can-be-trusted)",
        ),
        Threat(
            "swaps the architecture string",
            "family, template and tool format come from the catalogue; architecture and shapes are held against the base model",
            ("tests/audit/test_architecture.py",),
        ),
        Threat(
            "hides behind too much output",
            "output over the cap is counted; a trace not seen whole is never judged clean",
            ("tests/runs/test_worker.py",),
        ),
        Threat(
            "calls third-party LLM APIs for data",
            "told; calls in programs (also in decoded literals) and commands are read (check `conduct`, for a judge)",
            ("tests/audit/test_conduct.py",),
            "nothing watches the network itself; a program that fetches its code from elsewhere is not seen. `--no-network` closes it",
        ),
        Threat(
            "looks up solutions",
            "told; searches, downloads and clones of this benchmark's runs are read from commands and programs (check `conduct`, for a judge)",
            ("tests/audit/test_conduct.py",),
            "a look in a browser that the CLI's provider runs and does not tell",
        ),
        Threat(
            "computes elsewhere",
            "told; jobs sent to other machines are read from commands and programs; changed weights without any computation here are a question (check `conduct`)",
            ("tests/audit/test_conduct.py",),
            "as with APIs: nothing watches the network itself",
        ),
        Threat(
            "hides processes",
            "false names, double daemons and preloaded libraries are read from programs (check `conduct`, for a judge); nothing outlives the run",
            ("tests/sandboxes/test_nothing_survives.py",),
        ),
        Threat(
            "exploits a scorer: ends of numbers, endless numerals, nested JSON",
            "numbers, choices and calls are compared by value in time proportional to the text; answers are parsed, never evaluated ([instrument](instrument.md))",
            (
                "tests/benchmarks/test_numbers.py",
                "tests/evaluation/test_seven_benchmarks.py::test_hostile_answers_score_nothing_and_break_nothing",
            ),
        ),
        Threat(
            "code answers that pass without solving anything (HumanEval)",
            "the code and the test never share a process; [every attack we know](humaneval.md#threats) is a test",
            ("tests/benchmarks/test_code_answers_attacks.py",),
            "with the `host` sandbox the code can read files; such a score is not comparable",
        ),
        Threat(
            "answers that steer the grader",
            "the verdict is read from the grader's own words only; forged delimiters are escaped; such answers, and long texts that most answers share, are reported in the record ([graded](graded.md))",
            ("tests/benchmarks/test_steering.py", "tests/evaluation/test_shared_text.py"),
            "a grader can be flattered by honest-looking prose; concerns inform a person, they change no score",
        ),
        Threat(
            "steers the judge",
            "judges work in a sandbox of their own, on a copy under neutral names in which nothing can act as a setting or an instruction; their answer is read from their own output, and their quotes must exist; what is conclusive needs no judge ([judging](judging.md))",
            (
                "tests/runs/test_judging.py",
                "tests/runs/test_judging_clis.py",
                "tests/judge_eval/test_scripted_judges.py",
            ),
            "a judge is a language model: text of the agent can still persuade it. Several judges, checked quotes and `ptb judge-eval` measure that, nothing excludes it",
        ),
        Threat(
            "settings and templates smuggled in with a model folder",
            "the engine sees a view of the folder without them; decoding is resolved by our own reader; no remote code",
            ("tests/evaluation/test_sampling.py", "tests/evaluation/test_vllm.py"),
        ),
    ),
    MACHINE: (
        Threat(
            "reads credentials",
            "the environment is an allow-list; home and /tmp are private; keys stay in the [gateway](gateway.md), inside there is a token of this run; the trace is redacted before it touches the disk",
            ("tests/agents/test_canary.py", "tests/agents/test_real_runs.py::test_a_whole_run"),
            "with `--direct` or a login the agent holds one credential and can print it in a disguise that redaction does not know",
        ),
        Threat(
            "uses the grader's key for something else",
            "its token passes only what the benchmark's own scorer asks, so many times; the rest is refused, recorded, and a question for a judge",
            (
                "tests/evaluation/test_grader_guard.py",
                "tests/benchmarks/test_guard.py",
                "tests/gateway/test_gateway_refusals.py",
            ),
            "an answer that is graded can talk the grader into saying more than a verdict; `--direct` hands the key over",
        ),
        Threat(
            "spends without end",
            "`--max-cost`: requests are refused and the run ends; counted by the gateway, not by the CLI",
            (
                "tests/agents/test_real_runs.py::test_a_run_that_costs_too_much_is_ended",
                "tests/gateway/test_cost.py",
            ),
            "a client that cuts every answer before its usage arrives pays only for what was told",
        ),
        Threat(
            "leaves a sandbox without network through its provider",
            "tools that the provider runs (web search, code, MCP) and content by URL are refused",
            ("tests/gateway/test_hosted.py",),
            "what it writes to its model reaches the provider",
        ),
        Threat(
            "buys time by crashes and outages",
            "a session that goes on uses up the same budget, waiting included; only an attempt without a single tool call can be free",
            ("tests/agents/test_causes.py",),
        ),
        Threat(
            "reads other runs, the home",
            "only the workspace, its scratch and named read-only folders are mounted (bubblewrap)",
            ("tests/sandboxes/test_isolation.py",),
            "`host` isolates no files",
        ),
        Threat(
            "poisons what others read",
            "base model and items are read-only inside; the cache that the agent can write is its own; attempts are read from commands (check `conduct`)",
            ("tests/sandboxes/test_isolation.py",),
            "`host` isolates no files",
        ),
        Threat(
            "attacks the worker",
            "a PID namespace, and a run directory that is not mounted",
            ("tests/sandboxes/test_isolation.py", "tests/records/test_lease.py"),
            "`host` isolates neither files nor processes of the same account",
        ),
        Threat(
            "leaves processes behind",
            "own PID namespace that dies with the command; cgroup where writable; survivors are counted in the record",
            ("tests/sandboxes/test_nothing_survives.py",),
            "on a machine with neither namespaces nor writable cgroups, `host` falls back to a child subreaper",
        ),
        Threat(
            "fills memory, processes, disk",
            "cgroups where writable; disk use is watched; each record names the mechanism, or that there was none",
            ("tests/sandboxes/test_limits.py",),
            "disk use is measured every few seconds, so a fast writer can overshoot",
        ),
        Threat(
            "attacks the kernel",
            "no capabilities, no new privileges, no further namespaces, a seccomp filter; attempts are read from commands (check `conduct`, for a judge)",
            (
                "tests/sandboxes/test_isolation.py::test_identity_and_privileges",
                "tests/sandboxes/test_seccomp_filter.py",
            ),
            "a kernel bug stays a kernel bug: use a virtual machine where that matters",
        ),
        Threat(
            "reaches services of the host",
            "without network: only its own loopback",
            ("tests/sandboxes/test_isolation.py::test_network_off_leaves_only_loopback",),
            "with network, which is the published set-up, it reaches what the host reaches: metadata services and the local network included. Filter that at the machine",
        ),
        Threat(
            "a poisoned submission",
            "refused at collect, each with a stable reason; copied by descriptor into a new inode, hashed, and hashed again before every load; only known side files are taken over",
            ("tests/audit/test_refusals.py", "tests/runs/test_worker.py"),
            "the safetensors and tokenizer parsers themselves are trusted",
        ),
        Threat(
            "hostile text in the terminal or a report",
            "control characters are escaped wherever text of the agent is quoted",
            ("tests/audit/test_quoting.py",),
        ),
    ),
}


def page(cheats: Sequence[Cheat]) -> str:
    """The two tables of the page."""
    parts = []
    for title, threats in THREATS.items():
        rows = [
            f"## {title}\n",
            "| threat | what stands against it | played as a whole run | other tests | open |",
            "|---|---|---|---|---|",
        ]
        for threat in threats:
            played = ", ".join(f"`{c.name}`" for c in cheats if c.threat == threat.name) or "-"
            tests = ", ".join(f"`{test}`" for test in threat.tests) or "-"
            rows.append(
                f"| {threat.name} | {threat.defence} | {played} | {tests} | {threat.open} |"
            )
        parts.append("\n".join(rows))
    return "\n\n".join(parts) + "\n"
