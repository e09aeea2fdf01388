"""Scores and the end of a run, through the real process."""

import json
from dataclasses import replace

import pytest

from tests.integration.gateway.gateway_process import QUICK
from tests.integration.gateway.scripted_vendor import hang

ALL = [(sample, epoch) for sample in ("s0", "s1") for epoch in range(2)]


def fill(gateway, rows=ALL):
    for number, (sample, epoch) in enumerate(rows):
        assert gateway.score(sample, epoch, correct=number % 2, n=-number) == 204


def test_a_complete_run_ends_with_its_scores_and_receipt(vendor, gateway):
    gateway.ask()
    fill(gateway)
    assert gateway.end(4) == 204
    assert gateway.process.wait(30) == 0
    last = gateway.wait_for("end")
    assert last["rows"] == 4
    assert last["scores"] == [[0, 0, [0, 0]], [0, 1, [1, -1]], [1, 0, [0, -2]], [1, 1, [1, -3]]]
    assert last["receipt"]["replies"] == 1
    assert gateway.names()[-1] == "end"


def test_after_the_end_everything_is_gone(vendor, launch):
    gateway = launch(vendor.base_url, caps=replace(QUICK, linger_s=30))
    fill(gateway)
    assert gateway.end(4) == 204
    assert gateway.chat()[0] == 410
    assert gateway.score() == 410
    assert gateway.end(4) == 410
    assert gateway.request("GET", "/v1/models")[0] == 410
    assert vendor.seen == []
    gateway.say(b"S")
    assert gateway.process.wait(30) == 0
    assert gateway.names() == ["listening", "first_request", "end"]


@pytest.mark.parametrize(
    ("sample", "body", "code"),
    [
        ("zz", {"epoch": 0, "values": {"correct": 1, "n": 0}}, "unknown_sample"),
        ("S0", {"epoch": 0, "values": {"correct": 1, "n": 0}}, "bad_id"),
        ("s%30", {"epoch": 0, "values": {"correct": 1, "n": 0}}, "bad_id"),
        ("", {"epoch": 0, "values": {"correct": 1, "n": 0}}, "bad_id"),
        ("s0", {"epoch": 9, "values": {"correct": 1, "n": 0}}, "bad_epoch"),
        ("s0", {"epoch": 0, "values": {"correct": 2, "n": 0}}, "out_of_range"),
        ("s0", {"epoch": 0, "values": {"correct": 1}}, "wrong_fields"),
        ("s0", {"epoch": 0, "values": {"correct": 0.5, "n": 0}}, "not_int"),
        ("s0", {"epoch": 0, "values": {"correct": True, "n": 0}}, "not_int"),
        ("s0", {"epoch": 0, "values": {"correct": 1, "n": 0}, "canary": "canary"}, "unknown_field"),
        ("s0", {"epoch": 0, "values": {"correct": "canary", "n": 0}}, "not_int"),
    ],
)
def test_a_bad_row_is_a_violation_and_ends_the_run(gateway, sample, body, code):
    fill(gateway, ALL[1:])
    assert gateway.score(sample, body=json.dumps(body)) == 400
    assert gateway.wait_for("violation") == {"event": "violation", "code": code}
    assert gateway.score("s0", 0) == 410
    assert gateway.end(4) == 410
    assert gateway.chat()[0] == 410
    gateway.stop()
    assert "end" not in gateway.names()
    assert b"canary" not in gateway.raw


def test_a_row_beyond_its_size_is_a_violation(gateway):
    body = json.dumps({"epoch": 0, "values": {"correct": 1, "n": 0}}) + " " * 5000
    assert gateway.score(body=body) == 400
    assert gateway.wait_for("violation")["code"] == "too_large"


def test_a_second_row_for_the_same_sample_is_a_violation(gateway):
    fill(gateway)
    assert gateway.score("s0", 0) == 400
    assert gateway.wait_for("violation")["code"] == "duplicate"


@pytest.mark.parametrize(
    ("held", "said", "code"), [(4, 3, "wrong_count"), (3, 4, "wrong_count"), (3, 3, "incomplete")]
)
def test_a_wrong_count_is_a_violation(gateway, held, said, code):
    fill(gateway, ALL[:held])
    assert gateway.end(said) == 400
    assert gateway.wait_for("violation")["code"] == code
    gateway.stop()
    assert "end" not in gateway.names()


def test_the_end_settles_what_is_still_in_flight(vendor, gateway):
    vendor.plays(hang)
    with gateway.connect() as client:
        body = b'{"model":"target","messages":[{"role":"user","content":"x"}]}'
        client.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: g\r\nContent-Length: %d\r\n\r\n%b"
            % (len(body), body)
        )
        gateway.wait_for("first_request")
        fill(gateway)
        assert gateway.end(4) == 204
        receipt = gateway.wait_for("end")["receipt"]
        assert (receipt["attempts"], receipt["replies"], receipt["tokens_out"]) == (1, 0, 16)


def test_progress_is_told_now_and_then(gateway):
    fill(gateway)
    assert gateway.wait_for("progress")["rows"] >= 1


def test_other_paths_and_methods(gateway):
    asked = [("GET", "/"), ("POST", "/v1/embeddings"), ("GET", "/v1/chat/completions?a=1")]
    assert [gateway.request(method, path)[0] for method, path in asked] == [404] * 3
    for method, path in (
        ("GET", "/v1/chat/completions"),
        ("POST", "/v1/models"),
        ("PUT", "/assay/v1/scores/s0"),
        ("GET", "/assay/v1/end"),
    ):
        assert gateway.request(method, path)[0] == 405
    gateway.stop()
    assert "violation" not in gateway.names()
