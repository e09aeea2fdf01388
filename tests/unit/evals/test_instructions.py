import time

import pytest

from evals.instructions import followed, words
from evals.targets import COUNTS, PLAIN

TEXT = """\
The *sea* is calm today. Is it [blue]? Yes!

- one NASA boat
* two boats

**Two** rivers don't meet"""


@pytest.mark.parametrize(
    ("name", "of", "count"),
    [
        ("words", "", 18),
        ("sentences", "", 4),
        ("paragraphs", "", 3),
        ("bullets", "", 2),
        ("highlights", "", 2),
        ("placeholders", "", 1),
        ("capitals", "", 1),
        ("keyword", "two", 2),
        ("keyword", "boat", 1),
        ("letter", "T", 9),
    ],
)
def test_counts(name, of, count):
    one = {"id": name, **({"of": of} if of else {})}
    assert followed({**one, "exactly": count}, TEXT)
    assert followed({**one, "at_least": count, "at_most": count}, TEXT)
    assert not followed({**one, "exactly": count + 1}, TEXT)
    assert not followed({**one, "at_least": count + 1}, TEXT)
    assert not followed({**one, "at_most": count - 1}, TEXT)


@pytest.mark.parametrize(
    ("one", "good", "bad"),
    [
        ({"id": "no_commas"}, "a b", "a, b"),
        ({"id": "lowercase"}, "all small 7", "Small"),
        ({"id": "uppercase"}, "ALL BIG 7", "Big"),
        ({"id": "json"}, '{"a": 1}', "{a: 1}"),
        ({"id": "json"}, "```json\n[1]\n```", "```json\n[1\n```"),
        ({"id": "json"}, "[1]", "[" * 100_000),
        ({"id": "title"}, "<<My day>>\nIt was.", "<< >> <My day>"),
        ({"id": "quoted"}, '"hello"', 'say "hello"'),
        ({"id": "starts_with", "text": "Dear"}, " Dear all", "Hi, Dear"),
        ({"id": "ends_with", "text": "Over."}, "So. Over.\n", "Over. So"),
        ({"id": "postscript", "text": "P.S."}, "Bye\n P.S. more", "Bye P.S. more"),
        ({"id": "postscript", "text": "P.S."}, "Bye\nP.S. more", "Bye\nP.S."),
        ({"id": "includes", "words": ["sea", "sky"]}, "Sky, sea", "sky, seas"),
        ({"id": "excludes", "words": ["sea", "sky"]}, "seas", "the Sky"),
    ],
)
def test_checks(one, good, bad):
    assert followed(one, good)
    assert not followed(one, bad)


@pytest.mark.parametrize("name", [*PLAIN, *COUNTS])
def test_saying_nothing_follows_nothing(name):
    assert not followed({"id": name, "at_least": 0}, " \n")


def test_words_keep_apostrophes_and_hyphens():
    assert words("Don't re-enter, 3.5 \u2014 caf\u00e9") == [
        "Don't", "re-enter", "3", "5", "caf\u00e9"
    ]  # fmt: skip


@pytest.mark.parametrize("piece", [".", "*a", "* ", "<<", "<<a", "[a", "\n", "\n ", "a-", '"', "`"])
def test_no_output_is_slow_to_check(piece):
    output = "a" + piece * (100_000 // len(piece)) + "a"
    started = time.process_time()
    for name in COUNTS:
        followed({"id": name, "exactly": 1}, output)
    for name in PLAIN:
        followed({"id": name}, output)
    followed({"id": "postscript", "text": "P.S."}, output)
    followed({"id": "keyword", "of": "a", "exactly": 1}, output)
    assert time.process_time() - started < 2
