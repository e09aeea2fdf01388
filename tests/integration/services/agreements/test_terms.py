import pytest

from harness.errors import InvalidInput
from harness.services.agreements.terms import Terms, build


def test_nothing_is_every_default():
    assert build({}) == Terms()


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"runs": 21}, "runs: at most 20"),
        ({"runs": 0}, "runs: at least 1"),
        ({"title": "x" * 301}, "title: at most 300 characters"),
        ({"release": "soon"}, "release: one of 'fixed' or 'on_completion'"),
        ({"colour": "red"}, "colour: is no field of the terms"),
        (
            {"claim": {"decision": {"metric": "accuracy", "threshold": "half"}}},
            "claim.decision.threshold: a decimal number with a point, such as 0.5",
        ),
        ({"claim": {"decision": {"metric": "x"}}}, "claim.decision.threshold: is needed"),
        (
            {"independence": {"funding": ["x" * 301]}},
            "independence.funding.0: at most 300 characters",
        ),
    ],
)
def test_a_problem_names_its_field_and_what_would_pass(value, problem):
    with pytest.raises(InvalidInput) as refused:
        build(value)
    assert refused.value.problems == (problem,)


def test_all_problems_come_at_once():
    with pytest.raises(InvalidInput) as refused:
        build({"runs": 21, "epochs": 0})
    assert len(refused.value.problems) == 2
