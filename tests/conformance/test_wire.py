"""Wire protocol version 2, as docs/wire.md states it: what is taken and what is refused."""

import json
import re
from pathlib import Path

import pytest

from evals import outputs, wire

ROOT = Path(__file__).parents[2]

RUN = {
    "wire": 2,
    "run": "ab12",
    "phase": "joined",
    "concurrency": 4,
    "epochs": 1,
    "order_seed": "seed",
    "roles": ["target"],
    "parameters": {"temperature": "0.7", "max_tokens": 64, "stop": ["\n"]},
    "time_limit_s": 60,
}


def test_version_and_paths():
    assert wire.VERSION == 2
    assert wire.SCORE_PREFIX == "/assay/v1/scores/"
    assert wire.END_PATH == "/assay/v1/end"


def test_a_score_row():
    row = wire.parse_score("s-1.a_b", b'{"epoch": 2, "values": {"correct": 1, "delta": -4}}')
    assert row == wire.ScoreRow("s-1.a_b", 2, {"correct": 1, "delta": -4})
    assert wire.encode_score(row) == b'{"epoch":2,"values":{"correct":1,"delta":-4}}'


@pytest.mark.parametrize(
    ("sample", "body", "code"),
    [
        ("s", b'{"epoch":0,"values":{"a":true}}', "not_int"),
        ("s", b'{"epoch":false,"values":{"a":1}}', "not_int"),
        ("s", b'{"epoch":0,"values":{"a":1.0}}', "not_int"),
        ("s", b'{"epoch":0,"values":{"a":1e2}}', "not_int"),
        ("s", b'{"epoch":0,"values":{"a":NaN}}', "not_int"),
        ("s", b'{"epoch":0,"values":{"a":"1"}}', "not_int"),
        ("s", b'{"epoch":0,"values":{"a":null}}', "not_int"),
        ("s", b'{"epoch":-1,"values":{"a":1}}', "out_of_range"),
        ("s", b'{"epoch":0,"values":{"a":9007199254740992}}', "not_int"),
        ("s", b'{"epoch":0,"values":{"a":' + b"9" * 4000 + b"}}", "not_int"),
        ("s", b'{"epoch":0,"values":{}}', "bad_values"),
        ("s", b'{"epoch":0,"values":[1]}', "bad_values"),
        ("s", b'{"epoch":0,"values":{"A":1}}', "bad_name"),
        ("s", b'{"epoch":0,"values":{"a\\n":1}}', "bad_name"),
        ("s", b'{"epoch":0,"values":{"a":1,"a":2}}', "duplicate_key"),
        ("s", b'{"epoch":0,"epoch":0,"values":{"a":1}}', "duplicate_key"),
        ("s", b'{"epoch":0,"values":{"a":1},"note":"x"}', "unknown_field"),
        ("s", b'{"values":{"a":1}}', "missing_field"),
        ("s", b"[]", "not_object"),
        ("s", b"", "bad_json"),
        ("s", b"{", "bad_json"),
        ("s", b'\xef\xbb\xbf{"epoch":0,"values":{"a":1}}', "bad_json"),
        ("s", b'"\xff"', "bad_utf8"),
        ("s", b'"\\ud800"', "bad_text"),
        ("s", b"[" * 9 + b"]" * 9, "too_deep"),
        ("s", b"[" * 2000 + b"]" * 2000, "too_deep"),
        ("s", b" " * 4097, "too_large"),
        ("S", b'{"epoch":0,"values":{"a":1}}', "bad_id"),
        ("", b'{"epoch":0,"values":{"a":1}}', "bad_id"),
        ("s\n", b'{"epoch":0,"values":{"a":1}}', "bad_id"),
        ("s/../t", b'{"epoch":0,"values":{"a":1}}', "bad_id"),
        ("a" * 65, b'{"epoch":0,"values":{"a":1}}', "bad_id"),
        ("\u0661", b'{"epoch":0,"values":{"a":1}}', "bad_id"),
    ],
)
def test_a_bad_score_row_is_refused_by_a_constant_code(sample, body, code):
    with pytest.raises(wire.WireError) as caught:
        wire.parse_score(sample, body)
    assert caught.value.args == (code,)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_no_more_metrics_than_agreed():
    values = {f"m{n}": 0 for n in range(wire.MAX_METRICS)}
    body = json.dumps({"epoch": 0, "values": values}).encode()
    assert len(wire.parse_score("s", body).values) == 32
    body = json.dumps({"epoch": 0, "values": {**values, "more": 0}}).encode()
    with pytest.raises(wire.WireError, match="bad_values"):
        wire.parse_score("s", body)


def test_the_end_record():
    assert wire.encode_end(80) == b'{"rows":80}'
    assert wire.parse_end(b'{"rows":80}') == 80


@pytest.mark.parametrize("body", [b"80", b'{"rows":"80"}', b'{"rows":-1}', b'{"rows":true}', b"{}"])
def test_a_bad_end_record_is_refused(body):
    with pytest.raises(wire.WireError):
        wire.parse_end(body)


def test_the_run_file():
    told = wire.parse_run_file(json.dumps(RUN).encode())
    assert told.parameters == RUN["parameters"]
    assert told.roles == ("target",)
    assert wire.parse_run_file(wire.encode_run_file(told)) == told


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"wire": 1}, "bad_version"),
        ({"wire": True}, "bad_version"),
        ({"run": "../x"}, "bad_run"),
        ({"order_seed": 3}, "bad_run"),
        ({"phase": "asking"}, "bad_phase"),
        ({"roles": []}, "bad_roles"),
        ({"roles": "target"}, "bad_roles"),
        ({"parameters": {"stop": [1]}}, "bad_parameters"),
        ({"parameters": {"store": True}}, "bad_parameters"),
        ({"parameters": {"B": 1}}, "bad_parameters"),
        ({"concurrency": 0}, "out_of_range"),
        ({"epochs": 0}, "out_of_range"),
        ({"time_limit_s": 0}, "out_of_range"),
        ({"secret": 1}, "unknown_field"),
    ],
)
def test_a_bad_run_file_is_refused(change, code):
    with pytest.raises(wire.WireError, match=f"^{code}$"):
        wire.parse_run_file(json.dumps({**RUN, **change}).encode())


def test_the_page_names_every_code_and_field():
    source = (ROOT / "evals" / "wire.py").read_text()
    page = (ROOT / "docs" / "wire.md").read_text()
    raised = set(re.findall(r'(?:WireError\(|None, |return )"([a-z0-9_]+)"', source))
    told = page[page.index("## Codes") :]
    assert set(re.findall(r"`([a-z0-9_]+)`", told)) == raised
    for field in {"wire", *wire.RunFile._fields}:
        assert f"| `{field}` |" in page
    assert f"`{wire.SAMPLE_ID}`" in page


def test_an_output():
    output = outputs.parse("s-1", b'{"epoch":1,"text":"said \\u00e9"}')
    assert output == outputs.Output("s-1", 1, "said \u00e9")
    assert outputs.encode(output) == '{"epoch":1,"text":"said \u00e9"}'.encode()
    assert outputs.parse("s-1", b'{"epoch":1,"text":null}').text is None
    assert outputs.path("s-1") == "/assay/v1/outputs/s-1"
    assert outputs.path("s-1", 0) == "/assay/v1/outputs/s-1/0"


def test_what_cannot_be_handed_over_is_no_answer_or_made_whole():
    halved = outputs.encode(outputs.Output("s", 0, "a\ud800b"))
    assert outputs.parse("s", halved).text == "a\ufffdb"
    too_long = outputs.encode(outputs.Output("s", 0, "x" * outputs.MAX_BODY))
    assert outputs.parse("s", too_long).text is None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"epoch":0,"text":1}', "bad_text"),
        (b'{"epoch":0,"text":["x"]}', "bad_text"),
        (b'{"epoch":0,"text":"\\ud800"}', "bad_text"),
        (b'{"epoch":0}', "missing_field"),
        (b'{"epoch":0,"text":"x","note":1}', "unknown_field"),
        (b'{"epoch":-1,"text":"x"}', "out_of_range"),
        (b'{"epoch":0,"text":"' + b"x" * outputs.MAX_BODY + b'"}', "too_large"),
    ],
)
def test_a_bad_output_is_refused_by_a_constant_code(body, code):
    with pytest.raises(wire.WireError) as caught:
        outputs.parse("s", body)
    assert caught.value.args == (code,)
    assert caught.value.__context__ is None
