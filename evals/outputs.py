"""Outputs on their way from one phase of a run to the other, wire protocol version 2.

In the phase `generate` the guest hands over what the model said, once per sample and epoch; in
the phase `score` a guest that never saw the model fetches it. Both go through the host.
"""

import re
from typing import NamedTuple

from evals import wire

PREFIX = "/assay/v1/outputs"
MAX_BODY = 1024 * 1024

_SURROGATE = re.compile("[\ud800-\udfff]")


class Output(NamedTuple):
    """What the model said to a sample in one epoch; None when it gave no answer."""

    sample_id: str
    epoch: int
    text: str | None


def encode(output: Output) -> bytes:
    """Write the body of one output; the sample's id goes into the path.

    Half a surrogate pair cannot be written as UTF-8 and becomes U+FFFD. Text that does not fit
    into MAX_BODY counts as no answer.
    """
    text = output.text
    if text is not None:
        text = _SURROGATE.sub("\ufffd", text)
    body = wire.canonical({"epoch": output.epoch, "text": text})
    return body if len(body) <= MAX_BODY else encode(output._replace(text=None))


def parse(sample_id: str, body: bytes) -> Output:
    """Read one output, given the last segment of its path.

    Raises WireError as `wire.parse_score` does, and bad_text for a text that is none.
    """
    if not wire.is_sample_id(sample_id):
        raise wire.WireError("bad_id")
    message = wire.record(wire.strict_json(body, MAX_BODY), {"epoch", "text"})
    text = message["text"]
    if text is not None and not isinstance(text, str):
        raise wire.WireError("bad_text")
    return Output(sample_id, wire.whole(message["epoch"], 0, wire.MAX_INT), text)


def path(sample_id: str, epoch: int | None = None) -> str:
    """Where an output is handed over, or with an epoch: where it is fetched."""
    return f"{PREFIX}/{sample_id}" if epoch is None else f"{PREFIX}/{sample_id}/{epoch}"
