import pytest

from evals.targets import normal_target, target_problem

MANY = 1_000


def problem(name, target, **options):
    return target_problem({"name": name, "options": options}, target, MANY)


@pytest.mark.parametrize(
    ("value", "target"),
    [("x", "x"), (5, "5"), (["a", "b"], ["a", "b"]), ({"a": 1}, {"a": 1})]
    + [(bad, None) for bad in (None, True, "", [], {}, [1], [""], 0.5)],
)
def test_a_target_column_is_text_texts_or_an_object(value, target):
    assert normal_target(value) == target


@pytest.mark.parametrize("target", ["18", "-3.50", ["1", "2"]])
def test_numbers(target):
    assert problem("numeric", target) is None


@pytest.mark.parametrize("target", ["1,000", "$5", "eighteen", "018", ["1", "x"], {"a": 1}])
def test_bad_numbers(target):
    assert problem("numeric", target)


def test_letters():
    assert problem("choice", "D") is None
    assert problem("choice", "E")
    assert problem("choice", "E", letters="ABCDE") is None
    assert problem("choice", "AB")


def test_behaviours():
    assert problem("refusal", "comply") is None
    assert problem("refusal", "refuse") is None
    assert problem("refusal", "answer")


GOOD = [
    {"id": "words", "at_least": 5, "at_most": 9},
    {"id": "bullets", "exactly": 3},
    {"id": "keyword", "of": "sea", "at_least": 2},
    {"id": "letter", "of": "q", "at_most": 0},
    {"id": "no_commas"},
    {"id": "starts_with", "text": "Dear"},
    {"id": "excludes", "words": ["very", "really"]},
]
BAD = [
    "words",
    {},
    {"id": "dance"},
    {"id": ["words"]},
    {"id": "words"},
    {"id": "words", "at_least": "5"},
    {"id": "words", "at_least": True},
    {"id": "words", "at_least": 5, "extra": 1},
    {"id": "keyword", "at_least": 2},
    {"id": "keyword", "of": " ", "at_least": 2},
    {"id": "letter", "of": "qu", "at_least": 2},
    {"id": "no_commas", "text": "x"},
    {"id": "starts_with"},
    {"id": "starts_with", "text": 3},
    {"id": "includes", "words": []},
    {"id": "includes", "words": "sea"},
    {"id": "includes", "words": [1]},
]


@pytest.mark.parametrize("item", GOOD, ids=str)
def test_an_instruction(item):
    assert problem("instructions", {"instructions": [item]}) is None


@pytest.mark.parametrize("item", BAD, ids=str)
def test_a_bad_instruction(item):
    assert problem("instructions", {"instructions": [GOOD[0], item]}).startswith("instructions[1]")


@pytest.mark.parametrize("target", ["x", {"instructions": []}, {"instructions": GOOD, "x": 1}])
def test_a_bad_list_of_instructions(target):
    assert problem("instructions", target)


def test_no_more_instructions_than_the_score_can_hold():
    scorer = {"name": "instructions", "options": {"count": "each"}}
    assert target_problem(scorer, {"instructions": GOOD}, len(GOOD)) is None
    assert target_problem(scorer, {"instructions": GOOD}, len(GOOD) - 1)
