"""The form of terms: every term is there, and what is typed becomes it."""

import re
from pathlib import Path

import pytest

from harness.errors import InvalidInput
from harness.services.agreements.terms import Terms
from web.views.pages import terms_form
from web.views.pages.terms_fields import FIELDS, SECTIONS

ROOT = Path(__file__).resolve().parents[3]


def leaves(model, path=""):
    for name, field in model.model_fields.items():
        below = [
            kind
            for kind in (field.annotation, *getattr(field.annotation, "__args__", ()))
            if hasattr(kind, "model_fields")
        ]
        if below:
            yield from leaves(below[0], f"{path}{name}.")
        else:
            yield f"{path}{name}"


def problems(**typed):
    with pytest.raises(InvalidInput) as refused:
        terms_form.read({name.replace("__", "."): text for name, text in typed.items()})
    return refused.value.problems


def test_every_term_has_one_field_and_the_documentation_names_it():
    assert set(FIELDS) == set(leaves(Terms))
    assert len(FIELDS) == sum(len(part.fields) + len(part.more) for part in SECTIONS)
    documented = re.findall(
        r"^\| `([a-z_.]+)` \|", (ROOT / "docs/terms.md").read_text(), re.MULTILINE
    )
    assert set(FIELDS) <= set(documented)


def test_an_empty_form_and_an_untouched_one_are_every_default():
    assert terms_form.read({}) == Terms()
    untouched = terms_form.read(terms_form.defaults("A. Auditor"))
    assert untouched == Terms(person="A. Auditor")


def test_what_is_typed_becomes_the_terms():
    found = terms_form.read(
        {
            "title": "  Sums  ",
            "claim.sentence": "It adds",
            "claim.decision.metric": "accuracy",
            "claim.decision.threshold": ".5",
            "runs": "3",
            "cost_microusd": "1.25",
            "observers": "one\n\n two \n",
            "embargo_until": "2027-01-31",
            "release": "on_completion",
            "something else": "ignored",
        }
    )
    assert (found.title, found.runs, found.cost_microusd) == ("Sums", 3, 1_250_000)
    assert found.observers == ["one", "two"]
    assert found.embargo_until == "2027-01-31T00:00:00Z"
    assert found.release == "on_completion"
    decision = found.claim.decision
    assert (decision.metric, decision.threshold, decision.margin) == ("accuracy", "0.5", "0")


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ({"runs": "many"}, "runs: a whole number"),
        ({"runs": "1.5"}, "runs: a whole number"),
        ({"runs": "9" * 400}, "runs: a whole number"),
        ({"runs": "21"}, "runs: at most 20"),
        ({"cost_microusd": "free"}, "cost_microusd: an amount in US dollars such as 1.50"),
        ({"cost_microusd": "Infinity"}, "cost_microusd: an amount in US dollars such as 1.50"),
        ({"cost_microusd": "1e400"}, "cost_microusd: an amount in US dollars such as 1.50"),
        ({"embargo_until": "soon"}, "embargo_until: a day such as 2027-01-31"),
        ({"title": "x" * 301}, "title: at most 300 characters"),
        ({"release": "never"}, "release: one of 'fixed' or 'on_completion'"),
        ({"observers": "x" * 301}, "observers: at most 300 characters"),
        (
            {"claim__decision__threshold": "0.5"},
            "claim.decision.metric: choose the figure that the threshold is for",
        ),
        (
            {"claim__decision__metric": "accuracy"},
            "claim.decision.threshold: is needed",
        ),
        (
            {"claim__decision__metric": "accuracy", "claim__decision__threshold": "half"},
            "claim.decision.threshold: a decimal number with a point, such as 0.5",
        ),
    ],
)
def test_what_is_wrong_is_named_like_its_field(typed, problem):
    assert problems(**typed) == (problem,)


def test_everything_wrong_is_said_at_once():
    assert len(problems(runs="many", epochs="0", embargo_until="soon")) == 3


def test_a_margin_alone_decides_nothing():
    assert terms_form.read({"claim.decision.margin": "0.1"}).claim.decision is None


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        ("protocol: claim.decision.metric: names no metric", "claim.decision.metric"),
        ("protocol: publication.embargo_until: must not be before", "embargo_until"),
        ("protocol: disclosure.bits: must not exceed", "bits_cap"),
        ("disclosure.bits_cap: a report can carry", "bits_cap"),
        ("disclosure.ledger.pair: one report needs 65 bits", "ledger_pair"),
        ("budget.run_wall_clock_s: this operator allows at most 60", "run_wall_clock_s"),
        ("protocol: budget.window.end: must be later", "window_days"),
        ("protocol: parties.observers[3]: must be one line", "observers"),
        ("protocol: parties.auditor.person: must be one line", "person"),
        ("disclosure.completeness: buckets need one epoch", "completeness"),
    ],
)
def test_a_problem_of_the_draft_is_put_beside_the_field_that_mends_it(problem, expected):
    (found,) = terms_form.placed(InvalidInput(problem)).problems
    assert found == f"{expected}: {problem.rpartition(': ')[2]}"


def test_a_problem_of_no_field_keeps_its_words():
    text = "aggregates.accuracy.unit: the unit m is 2; the least is 5"
    assert terms_form.placed(InvalidInput(text)).problems == (text,)
