"""What a guest hands over, by phase: score rows, or outputs that another container scores.

Every fault is a GuestFault with a constant code, raised outside any handler, so that no context
keeps the guest's text.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, TypeVar

from evals import outputs, wire
from sandbox.errors import GuestFault
from sandbox.gateway.events import Events
from sandbox.outputs import OutputBook
from sandbox.scores import ScoreBook
from sandbox.spec import Held, Score, ScoreSchema, UsageReceipt

_SCORES = wire.SCORE_PREFIX.encode()
_OUTPUTS = outputs.PREFIX.encode() + b"/"

Row = TypeVar("Row")


class Rows(Protocol):
    """One phase's rows."""

    prefix: bytes

    @property
    def rows(self) -> int:
        """How many are held."""

    def take(self, name: str, body: bytes) -> None:
        """Hold one row. Raises GuestFault."""

    def close(self, rows: int) -> None:
        """Take the end record. Raises GuestFault."""

    def tell(self, events: Events, receipt: UsageReceipt) -> None:
        """Pass on what was handed over, with the end."""


class Scores:
    """Score rows."""

    prefix = _SCORES

    def __init__(self, schema: ScoreSchema) -> None:
        self._book = ScoreBook(schema)
        self._closed: tuple[Score, ...] = ()

    @property
    def rows(self) -> int:
        """How many are held."""
        return self._book.rows

    def take(self, name: str, body: bytes) -> None:
        """Hold one score row."""
        self._book.add(_read(wire.parse_score, name, body))

    def close(self, rows: int) -> None:
        """Take the end record."""
        self._closed = self._book.close(rows)

    def tell(self, events: Events, receipt: UsageReceipt) -> None:
        """Pass the scores on."""
        told = [(score.sample, score.epoch, score.values) for score in self._closed]
        events.emit("end", rows=len(told), scores=told, receipt=receipt)


class Outputs:
    """Outputs, in a phase that does not score."""

    prefix = _OUTPUTS

    def __init__(self, schema: ScoreSchema) -> None:
        self._book = OutputBook(schema)

    @property
    def rows(self) -> int:
        """How many are held."""
        return self._book.rows

    def take(self, name: str, body: bytes) -> None:
        """Hold one output."""
        self._book.add(_read(outputs.parse, name, body))

    def close(self, rows: int) -> None:
        """Take the end record."""
        self._book.close(rows)

    def tell(self, events: Events, receipt: UsageReceipt) -> None:
        """Pass the outputs on, a line of the pipe for each batch."""
        for batch in self._book.batches():
            events.emit("outputs", outputs=batch)
        events.emit("end", rows=self.rows, scores=[], receipt=receipt)


class Served:
    """Outputs of the phase before, to be fetched one by one."""

    def __init__(self, schema: ScoreSchema, held: Iterable[Held]) -> None:
        self._texts: Mapping[str, bytes] = {
            outputs.path(name, one.epoch): outputs.encode(outputs.Output(name, one.epoch, one.text))
            for one in held
            for name in (schema.sample_ids[one.sample],)
        }

    def find(self, target: bytes) -> bytes | None:
        """The body of an output by its path; None when there is none."""
        return self._texts.get(target.decode("latin-1"))


def _read(parse: Callable[[str, bytes], Row], name: str, body: bytes) -> Row:
    code = ""
    try:
        return parse(name, body)
    except wire.WireError as error:
        code = str(error.args[0])
    raise GuestFault(code)
