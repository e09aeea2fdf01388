"""What a guest may do in each phase of a run, through the real process."""

import http.client
import json
import socket
from contextlib import closing
from dataclasses import replace

import pytest

from sandbox.spec import Held
from tests.integration.gateway.gateway_process import QUICK

ALL = [(sample, epoch) for sample in ("s0", "s1") for epoch in range(2)]
OUTPUTS = tuple(
    Held(sample, epoch, f"said {sample}{epoch}") for sample in (0, 1) for epoch in (0, 1)
)


def hand_over(gateway, sample, epoch, text):
    body = json.dumps({"epoch": epoch, "text": text}).encode()
    return gateway.request("POST", f"/assay/v1/outputs/{sample}", body)[0]


class Talk(http.client.HTTPConnection):
    """One connection that is kept."""

    def __init__(self, path):
        super().__init__("assay")
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(str(self._path))

    def ask(self, method, target, body=b""):
        self.request(method, target, body, {"Content-Length": str(len(body))})
        reply = self.getresponse()
        return reply.status, reply.read()


def test_where_nothing_is_scored_outputs_are_handed_over(vendor, launch):
    gateway = launch(vendor.base_url, phase="generate")
    assert gateway.chat()[0] == 200
    for sample, epoch in ALL:
        assert hand_over(gateway, sample, epoch, None if epoch else f"from {sample}") == 204
    assert gateway.score() == 404
    assert gateway.end(4) == 204
    gateway.wait_for("end")
    held = [
        one for event in gateway.events if event["event"] == "outputs" for one in event["outputs"]
    ]
    assert [(one["sample"], one["epoch"], one["text"]) for one in held] == [
        (0, 0, "from s0"),
        (0, 1, None),
        (1, 0, "from s1"),
        (1, 1, None),
    ]


@pytest.mark.parametrize(
    ("sample", "epoch", "text", "code"),
    [
        ("s9", 0, "x", "unknown_sample"),
        ("s0", 2, "x", "bad_epoch"),
        ("s0", 0, 1, "bad_text"),
        ("S0", 0, "x", "bad_id"),
    ],
)
def test_a_bad_output_ends_the_run(vendor, launch, sample, epoch, text, code):
    gateway = launch(vendor.base_url, phase="generate")
    assert hand_over(gateway, sample, epoch, text) == 400
    assert gateway.wait_for("violation")["code"] == code
    assert hand_over(gateway, "s0", 0, "x") == 410


def test_where_outputs_are_scored_no_model_can_be_called(vendor, launch):
    gateway = launch(
        vendor.base_url, phase="score", outputs=OUTPUTS, caps=replace(QUICK, connections=1)
    )
    talk = Talk(gateway.socket)
    assert talk.ask("GET", "/assay/v1/outputs")[0] == 204
    call = {"model": "target", "messages": [{"role": "user", "content": "hello"}]}
    assert talk.ask("POST", "/v1/chat/completions", json.dumps(call).encode())[0] == 410
    assert talk.ask("GET", "/v1/models")[0] == 410
    status, body = talk.ask("GET", "/assay/v1/outputs/s1/0")
    assert (status, json.loads(body)) == (200, {"epoch": 0, "text": "said 10"})
    assert talk.ask("GET", "/assay/v1/outputs/s1/2")[0] == 404
    # Whoever comes second is not heard: a program of the suite would.
    with (
        closing(Talk(gateway.socket)) as second,
        pytest.raises((ConnectionError, http.client.HTTPException)),
    ):
        second.ask("GET", "/assay/v1/outputs/s0/0")
    assert vendor.seen == []
    talk.close()


def test_outputs_of_another_phase_are_no_path(vendor, gateway):
    assert gateway.request("GET", "/assay/v1/outputs/s0/0")[0] == 404
    assert hand_over(gateway, "s0", 0, "x") == 404
