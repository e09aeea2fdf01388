"""What a hostile suite has inside the wall: a model, a socket, a clock and its own death.

The socket is the real one as far as bytes go: what a program writes is parsed, judged and
answered by the gateway's own connections. In a real container it is this same code.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from evals import outputs, wire

if TYPE_CHECKING:
    # The image of a container holds neither.
    from collections.abc import Callable, Mapping, Sequence

    from sandbox.spec import ScoreSchema

_CHAT = "/v1/chat/completions"


class Death(NamedTuple):
    """How the container ended, as the engine tells it, and how long it took to be taken down."""

    exit_code: int = 0
    oom: bool = False
    teardown_s: float = 0.0


class Dead(Exception):
    """The program is no more."""

    def __init__(self, death: Death) -> None:
        self.death = death


class Guest:
    """The program's hands. `send` writes bytes to a connection and gives what came back."""

    def __init__(
        self,
        schema: ScoreSchema,
        send: Callable[[bytes, int], bytes],
        wait: Callable[[float], None],
        provoke: Callable[[], None],
        late_reply: Callable[[], bytes | None],
    ) -> None:
        self.schema = schema
        self.samples = schema.sample_ids
        self.fields = schema.fields
        self.send = send
        self.wait = wait
        self.make_the_vendor_stop_it = provoke
        self.late_reply = late_reply

    def request(self, path: str, body: bytes, connection: int = 0, method: str = "POST") -> bytes:
        """Send one whole request; what came back."""
        head = f"{method} {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n"
        return self.send(head.encode("utf-8", "surrogateescape") + body, connection)

    def ask(self, prompt: str = "Say it.", **parameters: object) -> str | None:
        """What the model says; None when the call failed or was refused."""
        message = {"role": "user", "content": prompt}
        asked = {"model": "target", "messages": [message], **parameters}
        reply = self.request(_CHAT, json.dumps(asked).encode())
        if not reply.startswith(b"HTTP/1.1 200"):
            return None
        return json.loads(reply.split(b"\r\n\r\n", 1)[1])["choices"][0]["message"]["content"]

    def row(self, sample: str, values: Mapping[str, object], epoch: object = 0) -> bytes:
        """Hand over one row."""
        body = json.dumps({"epoch": epoch, "values": values}).encode()
        return self.raw_row(sample, body)

    def raw_row(self, sample: str, body: bytes) -> bytes:
        """Hand over whatever takes a row's place."""
        return self.request(wire.SCORE_PREFIX + sample, body)

    def rows(self, *columns: Sequence[int], skip: Sequence[int] = ()) -> None:
        """Hand over a column for each field, or the lowest score; without some samples."""
        for index, sample in enumerate(self.samples):
            if index not in skip:
                self.row(sample, self.values(index, *columns))

    def values(self, index: int, *columns: Sequence[int]) -> dict[str, object]:
        """The values of one row."""
        return {
            field.metric: columns[place][index] if place < len(columns) else field.lo
            for place, field in enumerate(self.fields)
        }

    def output(self, sample: str, text: object, epoch: object = 0) -> bytes:
        """Hand over what the model said, where another container scores."""
        body = json.dumps({"epoch": epoch, "text": text}).encode()
        return self.request(outputs.path(sample), body)

    def outputs(self, texts: Sequence[object]) -> None:
        """Hand over a text for each sample, and say the end."""
        for sample, text in zip(self.samples, texts, strict=True):
            self.output(sample, text)
        self.end()

    def end(self, rows: object = None) -> bytes:
        """Say that all rows were handed over."""
        count = len(self.samples) * self.schema.epochs if rows is None else rows
        return self.request(wire.END_PATH, json.dumps({"rows": count}).encode())

    def finish(self, *columns: Sequence[int]) -> None:
        """What an honest suite does: all rows, and the end."""
        self.rows(*columns)
        self.end()

    def die(self, exit_code: int = 0, *, oom: bool = False, teardown_s: float = 0.0) -> None:
        """End the container."""
        raise Dead(Death(exit_code, oom, teardown_s))
