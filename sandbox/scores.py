"""The only way out of the wall: one typed row per sample and epoch, written once.

The book fails closed. After the first broken rule it takes nothing more, so a run whose guest
once sent a bad row can never end with scores.
"""

from evals.wire import ScoreRow
from sandbox.errors import GuestFault
from sandbox.spec import Score, ScoreSchema


class ScoreViolation(GuestFault):
    """The guest broke a rule of the score book.

    `code` is one of: unknown_sample, bad_epoch, wrong_fields, out_of_range, duplicate,
    wrong_count, incomplete, closed.
    """


class ScoreBook:
    """Rows of one run, held in memory only, until `close` hands them over."""

    def __init__(self, schema: ScoreSchema) -> None:
        self._index = {sample: index for index, sample in enumerate(schema.sample_ids)}
        self._epochs = schema.epochs
        self._fields = schema.fields
        self._names = {field.metric for field in schema.fields}
        self._rows: dict[tuple[int, int], Score] = {}
        self._open = True

    @property
    def rows(self) -> int:
        """How many rows are held."""
        return len(self._rows)

    @property
    def expected(self) -> int:
        """How many rows a complete run holds: samples x epochs."""
        return len(self._index) * self._epochs

    def add(self, row: ScoreRow) -> None:
        """Hold one row. Raises ScoreViolation, and the book is closed from then on."""
        code = self._fault(row)
        if code:
            self._open = False
            raise ScoreViolation(code)
        sample = self._index[row.sample_id]
        values = tuple(row.values[field.metric] for field in self._fields)
        self._rows[sample, row.epoch] = Score(sample, row.epoch, values)

    def close(self, rows: int) -> tuple[Score, ...]:
        """Hand over every row, in order of sample and epoch, once.

        `rows` is the guest's own count. Raises ScoreViolation unless it equals both what is
        held and samples x epochs.
        """
        code = self._closing_fault(rows)
        self._open = False
        if code:
            raise ScoreViolation(code)
        return tuple(self._rows[key] for key in sorted(self._rows))

    def _fault(self, row: ScoreRow) -> str:
        if not self._open:
            return "closed"
        sample = self._index.get(row.sample_id)
        if sample is None:
            return "unknown_sample"
        if not 0 <= row.epoch < self._epochs:
            return "bad_epoch"
        if row.values.keys() != self._names:
            return "wrong_fields"
        if not all(field.lo <= row.values[field.metric] <= field.hi for field in self._fields):
            return "out_of_range"
        return "duplicate" if (sample, row.epoch) in self._rows else ""

    def _closing_fault(self, rows: int) -> str:
        if not self._open:
            return "closed"
        if rows != len(self._rows):
            return "wrong_count"
        if rows != self.expected:
            return "incomplete"
        return ""
