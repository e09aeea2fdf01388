from dataclasses import replace

import pytest

from harness.disclosure.accountant import Caps
from harness.disclosure.bits import Policy, Release, microbits, report_alphabet
from harness.disclosure.cells import Cell, Group, Kind
from harness.disclosure.errors import NotAdmitted
from harness.disclosure.metrics import Field, Plan
from harness.disclosure.rules import (
    admit,
    least_size,
    problems,
    recommended_unit,
    version_problems,
)

CORRECT = Field("correct", 0, 1)
CAPS = Caps()
FIXED = Policy()


def plan(sizes, fields=(CORRECT,), dimension="topic"):
    samples = tuple({dimension: label} for label, size in sizes.items() for _ in range(size))
    return Plan(fields, samples)


def whole(n, unit=5, name="accuracy"):
    return Cell(name, "correct", Kind.PROPORTION, 0, 1, (), unit, n)


def part(label, n, unit=5):
    return replace(whole(n, unit, f"accuracy.{label}"), group=Group("topic", label))


def rules(found):
    return [(problem.field, problem.rule) for problem in found]


def only(found):
    (problem,) = found
    return problem


GOOD = plan({"law": 20, "art": 30})


def test_a_good_protocol_passes():
    cells = [whole(50), part("law", 20), part("art", 30)]
    assert problems(cells, GOOD, FIXED, CAPS) == ()
    admit(cells, GOOD, FIXED, CAPS)


def test_small_group_says_what_would_pass():
    small = plan({"law": 12, "art": 30})
    problem = only(problems([whole(42), part("law", 12)], small, FIXED, CAPS))
    assert problem.field == "aggregates.accuracy.law"
    assert problem.message == "group law has 12 samples; the least for m = 5 is 20"
    coarse = plan({"law": 39, "art": 30})
    problem = only(problems([part("law", 39, unit=10)], coarse, FIXED, CAPS))
    assert problem.message == (
        "group law has 39 samples; the least for m = 10 is 40, and the largest m for 39 is 9"
    )


def test_least_group_sizes():
    assert [least_size(m) for m in (1, 5, 6, 10)] == [20, 20, 24, 40]


def test_small_suite():
    assert only(problems([whole(19)], plan({"law": 19}), FIXED, CAPS)).message == (
        "the suite has 19 samples; the least is 20"
    )


def test_small_unit():
    problem = only(problems([whole(50, unit=4)], GOOD, FIXED, CAPS))
    assert problem.field == "aggregates.accuracy.unit"
    assert problem.message == "the unit m is 4; the least is 5"


def test_unit_above_the_whole_suite():
    problem = only(problems([whole(50, unit=51)], GOOD, FIXED, CAPS))
    assert problem.message == "the unit m is 51; the largest for 50 samples is 50"


def test_wrong_n():
    problem = only(problems([whole(51)], GOOD, FIXED, CAPS))
    assert problem.field == "aggregates.accuracy.n"
    assert problem.message == "n is 51, the suite has 50 samples there; set n to 50"


def test_too_many_labels_and_dimensions():
    many = plan({f"g{i}": 20 for i in range(21)})
    assert rules(problems([whole(420)], many, FIXED, CAPS)) == [("groups.topic", "label_count")]
    exactly = plan({f"g{i}": 20 for i in range(20)})
    assert problems([whole(400)], exactly, FIXED, CAPS) == ()
    three = Plan((CORRECT,), ({"a": "x", "b": "x", "c": "x"},) * 20)
    assert rules(problems([whole(20)], three, FIXED, CAPS)) == [("groups", "dimension_count")]


def test_score_range_and_categories():
    wide = plan({"law": 20}, (CORRECT, Field("rating", -50, 51)))
    problem = only(problems([whole(20)], wide, FIXED, CAPS))
    assert problem.field == "metrics.rating.score"
    assert problem.message == "scores span 101; the most is 100, for example hi = 50"
    labels = tuple("abcdefghi")
    kinds = plan({"law": 20}, (Field("kind", 0, 8),))
    cell = Cell("mix", "kind", Kind.HISTOGRAM, 0, 8, labels, 5, 20)
    assert rules(problems([cell], kinds, FIXED, CAPS)) == [
        ("aggregates.mix.labels", "category_count")
    ]


def test_empty_range():
    flat = plan({"law": 20}, (CORRECT, Field("rating", 3, 3)))
    assert only(problems([whole(20)], flat, FIXED, CAPS)).message == (
        "hi must lie above lo, for example hi = 4"
    )


def test_metric_of_an_aggregate_must_exist_with_its_range():
    other = plan({"law": 20}, (Field("correct", 0, 2),))
    assert rules(problems([whole(20)], other, FIXED, CAPS)) == [
        ("aggregates.accuracy.metric", "metric_unknown")
    ]


@pytest.mark.parametrize("name", ["Law", "1law", "law!", "", "l" * 33, "<script>", "löwe", "a\n"])
def test_bad_names_are_pointed_at_and_not_repeated(name):
    cell = replace(part("x", 20), group=Group("topic", name))
    found = problems([cell, whole(20, name=name)], plan({name: 20}), FIXED, CAPS)
    assert [problem.rule for problem in found] == ["name", "name"]
    assert [problem.field for problem in found] == ["groups.topic.label", "aggregates[1]"]
    assert not name or all(name not in problem.message for problem in found)


def test_names_are_unique():
    assert rules(problems([whole(50), whole(50)], GOOD, FIXED, CAPS)) == [
        ("aggregates", "repeated")
    ]
    twice = plan({"law": 20}, (CORRECT, CORRECT))
    assert rules(problems([whole(20)], twice, FIXED, CAPS)) == [("metrics", "repeated")]


def test_no_aggregate():
    assert rules(problems([], GOOD, FIXED, CAPS)) == [("aggregates", "cell_count")]


def test_too_many_bits_name_the_least_unit_that_passes():
    cells = [whole(500, name=f"a{i}") for i in range(10)]
    big = plan({"law": 500})
    problem = only(problems(cells, big, FIXED, CAPS))
    assert problem.field == "disclosure.bits_cap"
    assert problem.message == (
        "a report can carry 66.582 bits; the cap is 64; "
        "a unit of at least 6 in every metric would pass (63.923 bits)"
    )

    def needed(unit):
        return microbits(report_alphabet([replace(cell, unit=unit) for cell in cells], FIXED))

    assert needed(6) <= 64_000_000 < needed(5)


def test_too_many_bits_for_any_unit_name_the_cap_that_passes():
    problem = only(problems([part("law", 20), part("art", 30)], GOOD, FIXED, Caps(report=3)))
    assert "a cap of 6 would pass, or fewer groups" in problem.message
    assert problems([part("law", 20), part("art", 30)], GOOD, FIXED, Caps(report=6)) == ()


def test_release_without_a_grid():
    policy = Policy(Release.ON_COMPLETION, window_s=60, grid_s=0)
    assert rules(problems([whole(50)], GOOD, policy, CAPS)) == [("disclosure.release", "release")]


def test_all_problems_come_at_once():
    bad = plan({"law": 12, "Art": 5}, (Field("correct", 0, 1), Field("rating", 0, 200)))
    with pytest.raises(NotAdmitted) as caught:
        admit([whole(18, unit=3), part("law", 12)], bad, FIXED, Caps(report=1))
    assert {problem.rule for problem in caught.value.problems} == {
        "sample_count", "name", "score_range", "unit", "group_size", "bits",
    }  # fmt: skip
    assert len(str(caught.value).splitlines()) == len(caught.value.problems)


def test_recommended_unit():
    assert [recommended_unit(n) for n in (20, 100, 101, 144, 145, 500, 1319, 10_000)] == [
        5, 5, 6, 6, 7, 12, 19, 50,
    ]  # fmt: skip


def test_versions_differ_in_none_or_at_least_twenty():
    old = [f"s{i}" for i in range(100)]
    assert version_problems(old, {"1.0.0": old}) == ()
    assert version_problems(old[20:], {"1.0.0": old}) == ()
    assert version_problems([*old[10:], *"abcdefghij"], {"1.0.0": old}) == ()
    problem = only(version_problems(old[1:], {"1.0.0": old, "0.9.0": []}))
    assert problem.message == (
        "differs from version 1.0.0 in 1 sample; versions differ in none or in at least 20"
    )
    assert version_problems(old[19:], {"1.0.0": old}) != ()
