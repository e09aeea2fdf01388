"""What a model said in the phase `generate`, on its way to the phase `score`.

Held in the memory of two trusted processes, never on disk. Like the score book it fails closed:
after the first broken rule a run has no outputs.
"""

from collections.abc import Iterator

from evals.outputs import Output
from sandbox.errors import GuestFault
from sandbox.spec import Held, ScoreSchema

# All outputs of a run together, in bytes; a guest that sends more is at fault.
MAX_BYTES = 256 * 1024 * 1024
_BATCH_BYTES = 128 * 1024


class OutputBook:
    """One text, or no answer, per sample and epoch, written once."""

    def __init__(self, schema: ScoreSchema, max_bytes: int = MAX_BYTES) -> None:
        self._index = {sample: index for index, sample in enumerate(schema.sample_ids)}
        self._epochs = schema.epochs
        self._left = max_bytes
        self._held: dict[tuple[int, int], str | None] = {}
        self._open = True

    @property
    def rows(self) -> int:
        """How many outputs are held."""
        return len(self._held)

    def add(self, output: Output) -> None:
        """Hold one output.

        Raises GuestFault (unknown_sample, bad_epoch, duplicate, outputs_too_large, closed), and
        the book is closed from then on.
        """
        code = self._fault(output)
        if code:
            self._open = False
            raise GuestFault(code)
        self._held[self._index[output.sample_id], output.epoch] = output.text

    def close(self, rows: int) -> None:
        """Take the end record.

        Raises GuestFault (wrong_count, incomplete, closed).
        """
        expected = len(self._index) * self._epochs
        if not self._open:
            raise GuestFault("closed")
        self._open = False
        if rows != self.rows:
            raise GuestFault("wrong_count")
        if rows != expected:
            raise GuestFault("incomplete")

    def batches(self) -> Iterator[list[Held]]:
        """All outputs, in lists that are small enough for one line of a pipe."""
        batch: list[Held] = []
        size = 0
        for (sample, epoch), text in self._held.items():
            batch.append(Held(sample, epoch, text))
            size += len(text or "")
            if size > _BATCH_BYTES:
                yield batch
                batch, size = [], 0
        yield batch

    def _fault(self, output: Output) -> str:
        if not self._open:
            return "closed"
        sample = self._index.get(output.sample_id)
        if sample is None:
            return "unknown_sample"
        if output.epoch >= self._epochs:
            return "bad_epoch"
        if (sample, output.epoch) in self._held:
            return "duplicate"
        self._left -= len((output.text or "").encode())
        return "outputs_too_large" if self._left < 0 else ""
