"""Which questions the judges of a run are asked, and about which rules.

Two prompts: one about data and model, one about third-party APIs.  A rule is asked about if the
agent was told it, and if its breach takes reading; so is every further rule that an open finding
bears on, because an open question that nobody was asked must not be answered by silence.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ...records import Finding
from ...rules import Rule, judged, rules
from ...spec import Permissions

Topic = Literal["data-and-model", "third-party-apis"]


@dataclass(frozen=True)
class Question:
    """One prompt, and the rules that it asks about."""

    topic: Topic
    rules: tuple[Rule, ...]

    @property
    def categories(self) -> tuple[str, ...]:
        """The rules by name, in the order in which they are asked."""
        return tuple(rule.category for rule in self.rules)


def questions(
    permissions: Permissions, *, graded: bool, findings: Iterable[Finding] = ()
) -> tuple[Question, ...]:
    """The questions about one run.

    Args:
        graded: whether its benchmark has a grader.
        findings: of its newest audit.
    """
    usual = {rule.category for rule in judged()}
    opened = {finding.category for finding in findings if finding.weight != "informs"}
    told = rules(permissions, graded=graded)
    asked = [rule for rule in told if rule.category in usual | opened]
    apis = tuple(rule for rule in asked if rule.category == "third-party-api")
    rest = tuple(rule for rule in asked if rule.category != "third-party-api")
    found = (Question("data-and-model", rest), Question("third-party-apis", apis))
    return tuple(question for question in found if question.rules)
