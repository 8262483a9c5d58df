"""HealthBench's arithmetic and prompts, against restatements."""

from __future__ import annotations

import random
from statistics import fmean

import pytest
from graded_data import fetched

from posttrainbench.benchmarks.grading.healthbench_rubrics import (
    by_axis,
    by_theme,
    example_score,
    grader_prompt,
    read_met,
)
from posttrainbench.benchmarks.healthbench import HealthBench
from posttrainbench.benchmarks.items import healthbench as healthbench_data
from posttrainbench.benchmarks.items.healthbench import HealthItem, Rubric, Turn


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> list[HealthItem]:
    return healthbench_data.load(fetched(HealthBench(), tmp_path_factory.mktemp("items")))


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ('{"explanation": "x", "criteria_met": true}', True),
        ('```json\n{"criteria_met": false}\n```', False),
        ('```\n{"criteria_met": true}\n```\n', True),
        ('  {"criteria_met": true, "explanation": "says \\"criteria_met\\": false"}', True),
        ('{"criteria_met": "true"}', None),
        ('{"criteria_met": 1}', None),
        ('{"criteria_met": null}', None),
        ('{"criteria_met": false, "criteria_met": true}', None),  # which one?
        ('The answer: {"criteria_met": true}', None),
        ('[{"criteria_met": true}]', None),
        ("true", None),
        ("", None),
        ('{"criteria_met": tr', None),
        ("[" * 100_000, None),
        ('{"a":' * 100_000, None),
    ],
)
def test_reading(text: str, met: bool | None) -> None:
    assert read_met(text) is met


def _rubric(points: float, *axes: str) -> Rubric:
    return Rubric(criterion="c", points=points, tags=tuple(f"axis:{axis}" for axis in axes))


def test_an_example_by_hand() -> None:
    rubrics = [_rubric(5), _rubric(3), _rubric(-4), _rubric(2)]
    assert example_score(rubrics, [True, False, False, True]) == 0.7
    assert example_score(rubrics, [True, True, False, True]) == 1.0
    assert example_score(rubrics, [False, False, True, False]) == -0.4
    assert example_score(rubrics, [False] * 4) == 0.0
    assert example_score([_rubric(-4)], [True]) is None


def test_groups_by_hand() -> None:
    def item(name: str, *rubrics: Rubric) -> HealthItem:
        tags = (f"theme:{name}", "physician_agreed_category:x")
        return HealthItem(id=name, messages=(), rubrics=rubrics, tags=tags, canary="")

    one = item("a", _rubric(4, "x"), _rubric(-8, "x"), _rubric(1, "y"))
    two = item("b", _rubric(4, "x"), _rubric(-3, "z"))
    read = [(one, [False, True, True]), (two, [True, True])]
    assert by_theme(read) == {"a": 0.0, "b": 0.25}  # -7/5 is clipped
    assert by_axis(read) == {"x": 0.0, "y": 1.0}  # (-8/4 + 4/4) / 2 is clipped; z has no points


def test_same_as_the_library_and_a_restatement(items: list[HealthItem]) -> None:
    from inspect_evals.healthbench.scorer import calculate_score

    chance = random.Random(5)
    read = [(i, [chance.random() < 0.4 for _ in i.rubrics]) for i in items]
    for item, met in read:
        dicts = [{"points": rubric.points} for rubric in item.rubrics]
        library = calculate_score(dicts, [{"criteria_met": yes} for yes in met])
        assert example_score(item.rubrics, met) == library
    themes: dict[str, list[float]] = {}
    axes: dict[str, list[float]] = {}
    for item, met in read:
        pairs = list(zip(item.rubrics, met, strict=True))
        [theme] = [tag for tag in item.tags if tag.startswith("theme:")]
        themes.setdefault(theme[6:], []).append(_share(pairs))
        for tag in {tag for rubric in item.rubrics for tag in rubric.tags if "axis:" in tag}:
            own = [(rubric, yes) for rubric, yes in pairs if tag in rubric.tags]
            if any(rubric.points > 0 for rubric, _ in own):
                axes.setdefault(tag[5:], []).append(_share(own))
    clipped = {name: min(1, max(0, fmean(values))) for name, values in themes.items()}
    assert by_theme(read) == pytest.approx(clipped, abs=1e-12)
    assert len(clipped) == 7
    clipped = {name: min(1, max(0, fmean(values))) for name, values in axes.items()}
    assert by_axis(read) == pytest.approx(clipped, abs=1e-12)
    assert len(clipped) == 5


def _share(pairs: list[tuple[Rubric, bool]]) -> float:
    top = sum(rubric.points for rubric, _ in pairs if rubric.points > 0)
    return sum(rubric.points * yes for rubric, yes in pairs) / top


def test_the_prompt_is_the_librarys(items: list[HealthItem]) -> None:
    """Byte for byte what two replacements in the published template give."""
    from inspect_evals.healthbench.scorer import GRADER_TEMPLATE

    for item in items[::10]:
        turns = [f"{turn.role}: {turn.content}" for turn in item.messages]
        for rubric in item.rubrics:
            expected = GRADER_TEMPLATE.replace(
                "<<conversation>>", "\n\n".join([*turns, "assistant: Drink water."])
            ).replace("<<rubric_item>>", f"[{int(rubric.points)}] {rubric.criterion}")
            made = grader_prompt(GRADER_TEMPLATE, item.messages, "Drink water.", rubric)
            assert made == expected


def test_marks_of_the_template_in_an_answer_stay_text() -> None:
    answer = "a <<rubric_item>> b <<conversation>> c"
    made = grader_prompt(
        "x <<conversation>> y <<rubric_item>> z",
        [Turn(role="user", content="q")],
        answer,
        _rubric(2),
    )
    assert made == f"x user: q\n\nassistant: {answer} y [2] c z"
