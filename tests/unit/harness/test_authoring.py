"""From an author's files to a suite: every problem with its file, line and field."""

import hashlib
import json
import re
from pathlib import Path

import pytest
import rfc8785

from evals import manifest, metrics, pack, targets
from harness.documents import marked_yaml
from harness.documents.authoring import AuthoringError, compile_suite

ROOT = Path(__file__).parents[3]
WORDS = re.compile(r"`([a-z_]+)`").findall
YAML = """\
schema: assay.suite/1
id: sums
version: "1.0.0"
licence: Apache-2.0
title: Sums
summary: >
  Small sums,
  written by us.
kind: declarative
phases: joined
canary: 6d1f3a52-0d0e-4c55-9a3b-6f2f4d1f9f10
needs: {roles: [target], requests_per_sample: 1, tokens_in_per_sample: 9, tokens_out_per_sample: 9}
generation: {temperature: "0", max_tokens: 16}
template: "{prompt}"
data:
  - file: one.jsonl
  - file: two.jsonl
fields:
  id: id
  prompt: prompt
  target: answer
  groups:
    size: size
metrics:
  - id: correct
    score: {type: int, lo: 0, hi: 1}
    worst: 0
    scorer: {name: numeric}
aggregates:
  - {id: accuracy, metric: correct, kind: proportion, unit: 5}
primary: accuracy
public_samples: [s0, s1, s2]
"""


def row(number: int, **changes: object) -> str:
    values = {"id": f"s{number}", "prompt": f"{number}?", "answer": number, "size": "small"}
    return json.dumps({**values, **changes})


QUOTES = "must be in quotes: YAML would read it as something else than text"
SAMPLE_ID = "must be a sample id: a to z and 0 to 9 first, then also _ . and -, at most 64"
ONE = [row(0), row(1)]
TWO = [row(2), row(3), row(4)]


def compiled(yaml=YAML, one=ONE, two=TWO, **more):
    files = {"suite.yaml": yaml.encode(), "one.jsonl": "\n".join(one).encode()}
    return compile_suite({**files, "two.jsonl": "".join(f"{r}\n" for r in two).encode(), **more})


def told(*arguments, **keywords) -> list[str]:
    with pytest.raises(AuthoringError) as caught:
        compiled(*arguments, **keywords)
    assert str(caught.value).split("\n") == [str(problem) for problem in caught.value.problems]
    return [str(problem) for problem in caught.value.problems]


def test_a_suite_is_its_manifest_and_its_data():
    files = compiled(**{"README.md": b"not part of it"})
    assert list(files) == ["suite.json", "one.jsonl", "two.jsonl"]
    suite = json.loads(files["suite.json"])
    assert files["suite.json"] == rfc8785.dumps(suite)
    assert suite["data"][0] == {
        "file": "one.jsonl",
        "rows": 2,
        "sha256": hashlib.sha256("\n".join(ONE).encode()).hexdigest(),
    }
    assert suite["samples"][2] == {"id": "s2", "groups": {"size": "small"}}
    assert suite["aggregates"][0]["groups"] is None
    assert suite["metrics"][0]["scorer"]["options"] == {}
    assert suite["system"] is None
    assert len(manifest.parse(files["suite.json"]).samples) == 5


def test_no_prompt_and_no_target_is_in_the_manifest():
    text = compiled(two=[row(2, prompt="zebra", answer=777), *TWO[1:]])["suite.json"]
    assert b"zebra" not in text
    assert b"777" not in text


def test_layout_and_order_of_the_yaml_do_not_change_the_digest():
    lines = YAML.splitlines()
    start = lines.index("primary: accuracy")
    other = "# hello\n" + "\n".join(lines[start:] + lines[:start]).replace("{roles", "{ roles")
    assert pack.digest(pack.pack(compiled(other))) == pack.digest(pack.pack(compiled()))


def test_declared_digests_and_counts_must_be_right():
    digest = hashlib.sha256("\n".join(ONE).encode()).hexdigest()
    right = YAML.replace("file: one.jsonl", f"file: one.jsonl\n    sha256: {digest}\n    rows: 2")
    assert compiled(right) == compiled()
    wrong = right.replace(digest, "f" * 64).replace("rows: 2", "rows: 3")
    assert told(wrong) == [
        f"suite.yaml:17: data[0].sha256: is not that of the file, {digest}",
        "suite.yaml:18: data[0].rows: is not that of the file, 2",
    ]


def test_everything_wrong_is_told_at_once_and_in_order():
    yaml = (
        YAML.replace("hi: 1", "hi: no")
        .replace('"0"', "0.7")
        .replace("primary: accuracy", "primary: other")
        .replace("title: Sums", "title: Sums\ncolour: red\ntitle: Again")
    )
    two = [row(2, id="S 2"), row(3, answer="three"), '{"id": "s4"', row(5, size=None), row(6)]
    assert told(yaml, two=two) == [
        "suite.yaml:6: colour: unknown field",
        "suite.yaml:7: title: appears twice",
        f"suite.yaml:15: generation.temperature: {QUOTES}",
        f"suite.yaml:28: metrics[0].score.hi: {QUOTES}",
        "suite.yaml:33: primary: must name an aggregate over all samples",
        f"two.jsonl:1: id: {SAMPLE_ID}",
        "two.jsonl:2: answer: must be a plain decimal number for the scorer numeric",
        "two.jsonl:3: is not strict JSON: bad_json",
        "two.jsonl:4: groups.size: must be a label: a to z, 0 to 9, _ and -, at most 32",
    ]


ROWS = [
    (row(2, id="s0"), 'id: "s0" appears twice'),
    ('{"prompt": "x", "answer": 1, "size": "a"}', "id: is missing"),
    ('{"id": "s2", "prompt": "x", "answer": 1}', "groups.size: is missing"),
    ('{"id": "s2", "answer": 1, "size": "a"}', "prompt: must be text"),
    (row(2, prompt=["x"]), "prompt: must be text"),
    (
        row(2, prompt="so 6d1f3a52-0d0e-4c55-9a3b-6f2f4d1f9f10"),
        "prompt: must not hold the canary",
    ),
    (row(2, answer=True), "answer: must be text, an integer, a list of texts or an object"),
    (row(2, answer={"x": 1}), "answer: must be text or a list of texts for the scorer numeric"),
    (row(2, extra=0.5), "is not strict JSON: not_int"),
    ('{"id": "s2", "id": "s3"}', "is not strict JSON: duplicate_key"),
    ("[]", "must be an object"),
    ("", "is not strict JSON: bad_json"),
    ("\ufeff" + row(2), "is not strict JSON: bad_json"),
]


@pytest.mark.parametrize(("line", "message"), ROWS, ids=[message for _, message in ROWS])
def test_a_bad_row_is_told_by_its_line_alone(line, message):
    assert told(two=[TWO[1], line, TWO[2]], yaml=YAML.replace("s2]", "s3]")) == [
        f"two.jsonl:2: {message}"
    ]


CHANGES = [
    ("file: two.jsonl", "file: six.jsonl", "suite.yaml:17: data[1].file: names no file here"),
    ("  prompt: prompt", "  prompt: 3", "20: fields.prompt: must be text of 1 to 64 characters"),
    ("size: size", "size: colour", "one.jsonl:1: groups.size: is missing"),
    ("worst: 0", "worst: 7", "27: metrics[0].worst: must be a whole number from 0 to 1"),
    ("worst: 0", "worst: 7\n    x: 1", "28: metrics[0].x: unknown field"),
    ("worst: 0", "", "25: metrics[0].worst: is missing"),
    ("name: numeric", "name: magic", '28: metrics[0].scorer.name: must be "exact" or '),
    ("s1, s2]", "s1, s1]", '32: public_samples[2]: "s1" appears twice'),
    ("s2]", "s2]\nsamples: []", "33: samples: is filled by Assay"),
    ("licence: Apache-2.0", "licence: 2024-01-01", "4: licence: must be in quotes"),
    ("title: Sums", "title: yes", "5: title: must be in quotes"),
    ("title: Sums", "title: !!python/name:os.system", "5: title: must be in quotes"),
    ("title: Sums", "title: &a Sums\nkeyword: *a", "6: keyword: must not use an alias"),
    ("title: Sums", "title: !x {a: b}", "5: title: must not carry a tag"),
    ("title: Sums", "? [a]\n: b", "5: must have plain text as keys"),
    ("max_tokens: 16", "max_tokens: 1_6", "13: generation.max_tokens: must be in quotes"),
    ("max_tokens: 16", "max_tokens: 99999999999999999", "generation.max_tokens: must be in quotes"),
    ("title: Sums", 'title: "\\ud800"', "5: title: holds half a character"),
    ("title: Sums", "title: [", "is not YAML: "),
    ("title: Sums", "title: \x07", "is not YAML: a character is not allowed"),
    ("schema", "--- x\n--- \nschema", "is not YAML: "),
]


@pytest.mark.parametrize(("old", "new", "message"), CHANGES, ids=[new for _, new, _ in CHANGES])
def test_a_bad_field_is_told_by_its_line(old, new, message):
    assert YAML.count(old) >= 1
    assert any(message in line for line in told(YAML.replace(old, new, 1)))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "must be a mapping"),
        (b"- a", "must be a mapping"),
        (b"a", "must be a mapping"),
        (b"\xff", "is not UTF-8"),
        (b"[\n" * 20_000, "is nested too deeply"),
        (b"#" * (marked_yaml.MAX_BYTES + 1), "is larger than"),
        (b"&a [*a]", "must not use an alias"),
    ],
)
def test_what_is_no_mapping_is_told(body, message):
    with pytest.raises(AuthoringError, match=message):
        compile_suite({"suite.yaml": body})


def test_a_suite_needs_its_file():
    with pytest.raises(AuthoringError, match=r"^suite\.yaml:1: is missing$"):
        compile_suite({"one.jsonl": b""})


def test_instructions_must_fit_their_score():
    yaml = YAML.replace("{type: int, lo: 0, hi: 1}", "{type: successes, of: 1}")
    yaml = yaml.replace("{name: numeric}", "{name: instructions, options: {count: each}}")
    yaml = yaml.replace("kind: proportion", "kind: bounded_mean")
    one = {"instructions": [{"id": "no_commas"}]}
    two = {"instructions": [{"id": "no_commas"}, {"id": "dance"}]}
    three = {"instructions": [{"id": "dance"}]}
    rows = [row(n, answer=one) for n in range(3)]
    assert compiled(yaml, rows[:2], rows[2:])
    assert told(yaml, rows, [row(3, answer=two), row(4, answer=three)]) == [
        "two.jsonl:1: answer: has more than 1 instructions, the highest score of its metric",
        "two.jsonl:2: answer: instructions[0] has an unknown id",
    ]


def test_the_example_of_the_documentation_is_a_suite():
    page = (ROOT / "docs" / "suites.md").read_text()
    yaml = page.partition("```yaml\n")[2].partition("```")[0]
    line = page.partition("```json\n")[2].partition("```")[0]
    rows = [line.replace("sum-1", f"sum-{n}") for n in range(1, 5)]
    files = compile_suite({"suite.yaml": yaml.encode(), "samples.jsonl": "".join(rows).encode()})
    assert manifest.parse(files["suite.json"]).id == "sums"


def test_the_documentation_names_every_scorer_and_instruction():
    page = (ROOT / "docs" / "suites.md").read_text()
    table = {cell for row in page.splitlines() if row.startswith("| `") for cell in WORDS(row)}
    assert set(metrics.SCORERS) <= table
    ids = (*targets.COUNTS, *targets.COUNTS_OF, *targets.PLAIN, *targets.TEXTS, *targets.LISTS)
    assert set(ids) <= table


SCORED = YAML.replace("{name: numeric}", "{name: program}").replace(
    "phases: joined", "phases: separate\nprogram: {file: scorer.py}"
)
SCORER = b"def score(output, sample):\n    return {'correct': 1}\n"


def test_a_suite_may_bring_one_program_that_scores():
    files = compiled(SCORED, **{"scorer.py": SCORER})
    assert list(files) == ["suite.json", "one.jsonl", "two.jsonl", "scorer.py"]
    found = manifest.parse(files["suite.json"])
    digest = hashlib.sha256(SCORER).hexdigest()
    assert found.program == manifest.Program("scorer.py", digest, 10)
    assert found.scorer_mode == "isolated"
    assert manifest.parse(compiled()["suite.json"]).scorer_mode == "declarative"
    # What a program makes of a target is its own affair.
    shaped = [row(2, answer={"any": [1, "x"]}), *TWO[1:]]
    assert len(compiled(SCORED, two=shaped, **{"scorer.py": SCORER})) == 4


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("scorer.py}", "other.py}", "suite.yaml:11: program.file: names no file here"),
        ("phases: separate", "phases: joined", "suite.yaml:10: phases: must be separate where"),
        ("name: program", "name: numeric", "suite.yaml:11: program: is no metric's scorer"),
        ("program: {file: scorer.py}\n", "", "metrics[0].scorer.name: needs a program"),
        ("scorer.py}", "scorer.py, seconds: 61}", "suite.yaml:11: program.seconds: must be"),
        (
            "scorer.py}",
            f"scorer.py, sha256: {'f' * 64}}}",
            "suite.yaml:11: program.sha256: is not that of the file, ",
        ),
    ],
)
def test_a_bad_program_is_told_by_its_line(old, new, problem):
    assert old in SCORED
    said = told(SCORED.replace(old, new), **{"scorer.py": SCORER})
    assert any(problem in line for line in said), said


def test_a_program_that_is_no_python_is_told_by_its_line():
    broken = b"def score(output, sample):\n    return {{\n"
    (said,) = told(SCORED, **{"scorer.py": broken})
    assert said.startswith("scorer.py:")
    assert said.endswith(": is no Python that can be read")
    # An author's style is no matter of ours, and no warning on a terminal.
    assert compiled(SCORED, **{"scorer.py": SCORER + b'PATTERN = "\\d"\n'})


def asking(text: str) -> str:
    return YAML.replace("kind: declarative\n", f"kind: declarative\n{text}\n")


def test_a_suite_that_asks_for_nothing_gets_what_the_documentation_says():
    page = (ROOT / "docs" / "suites.md").read_text()
    section = page.partition("## What a suite asks of its container")[2]
    shown = marked_yaml.read(section.partition("```yaml\n")[2].partition("```")[0].encode()).value
    found = manifest.parse(compiled()["suite.json"])
    assert found.limits._asdict() == shown["limits"]
    assert found.runtime._asdict() == shown["runtime"]


def test_a_suite_asks_for_one_limit_and_keeps_the_others():
    found = manifest.parse(compiled(asking("limits: {memory_mib: 2048}"))["suite.json"])
    assert found.limits == manifest.Limits(memory_mib=2048)


def test_a_limit_that_is_none_is_told_by_file_line_and_field():
    with pytest.raises(AuthoringError) as caught:
        compiled(asking("limits: {memory: 2048, cpus: many}"))
    told = [str(problem) for problem in caught.value.problems]
    assert [line.partition(":")[2] for line in told] == [
        "10: limits.cpus: must be a whole number from 1 to 256",
        "10: limits.memory: unknown field",
    ]


def test_a_lock_is_packed_and_named_by_its_digest():
    lock = b"numpy==1.26.4 --hash=sha256:" + b"0" * 64 + b"\n"
    asked = asking("runtime: {flavour: inspect, lock: {file: wheels.lock}}")
    files = compiled(asked, **{"wheels.lock": lock})
    assert files["wheels.lock"] == lock
    named = manifest.Lock("wheels.lock", hashlib.sha256(lock).hexdigest())
    assert manifest.parse(files["suite.json"]).runtime == manifest.Runtime("inspect", named)
    with pytest.raises(AuthoringError, match=r"suite.yaml:10: runtime.lock.file: names no file"):
        compiled(asked)
