"""What an author may change without making another sample of it, and what shows."""

import json

import pytest

from evals import manifest, pack
from harness.documents import packed, suite_versions
from tests.support import world as worlds

ROWS = [
    {"id": f"q{i}", "prompt": f"What is {i} plus {i + 1}?", "answer": str(2 * i + 1)}
    for i in range(40)
]


def looks(rows):
    files = worlds.suite_files([("?", "1")])
    files["samples.jsonl"] = "\n".join(json.dumps(row) for row in rows).encode() + b"\n"
    public = ", ".join(row["id"] for row in rows[:3])
    files["suite.yaml"] = files["suite.yaml"].replace(b"q0, q1, q2", public.encode())
    return suite_versions.looks(*packed.open_archive(packed.build(files)))


def changed(name, change, count=40):
    return [row | {name: change(row[name])} if i < count else row for i, row in enumerate(ROWS)]


@pytest.mark.parametrize(
    "rows",
    [
        changed("id", lambda value: f"other-{value}"),
        list(reversed(ROWS)),
        changed("prompt", lambda value: f"  {value.replace(' ', '   ')}\n"),
        changed("prompt", lambda value: value.replace("What", "Wh\u200bat")),
        [row | {"note": f"{i}"} for i, row in enumerate(ROWS)],
    ],
    ids=["ids", "order", "white space", "invisible", "another column"],
)
def test_a_change_of_spelling_is_no_difference(rows):
    assert suite_versions.differing(looks(rows), looks(ROWS)) == (0, 0, 0)


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (ROWS[1:], (1, 1, 1)),
        (changed("answer", lambda value: f"{value}0", 1), (0, 2, 2)),
        (changed("prompt", lambda value: f"{value} now", 3), (6, 6, 6)),
        # A copy of a sample is a sample.
        ([*ROWS, ROWS[0] | {"id": "again"}], (1, 1, 1)),
        # One dropped, and all others written differently to hide it.
        (changed("prompt", lambda value: value.upper() + "!")[1:], (1, 1, 79)),
        (changed("answer", lambda value: f"{value}.0")[1:], (1, 1, 79)),
    ],
    ids=["dropped", "answer", "prompts", "copied", "behind prompts", "behind answers"],
)
def test_what_differs_shows_at_one_look_at_least(rows, found):
    assert suite_versions.differing(looks(rows), looks(ROWS)) == found


def test_another_column_counts_where_a_program_reads_it():
    files = pack.unpack(packed.build(worlds.suite_files([("?", "1")] * 20)))
    parsed = manifest.parse(files["suite.json"])
    assert len(suite_versions.looks(parsed, files)) == 3
    with_program = parsed._replace(program=manifest.Program("score.py", "0" * 64, 1))
    before = suite_versions.looks(with_program, files)
    rows = files["samples.jsonl"].split(b"\n")
    rows[0] = rows[0].replace(b"{", b'{"mark":1,', 1)
    after = suite_versions.looks(with_program, files | {"samples.jsonl": b"\n".join(rows)})
    assert suite_versions.differing(before, after) == (0, 0, 0, 2)
