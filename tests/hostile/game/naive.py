"""A gate as one would write it without thinking: the control that every attack must beat.

It means well: it shows aggregates only, with full precision, says what went wrong, and how long and
how much it took. Each suite names what of this gives it away.
"""

import hashlib
import json
from collections.abc import Callable
from statistics import fmean

from evals import wire
from tests.hostile.game.wall import Ran

_SCORES = wire.SCORE_PREFIX.encode()


def shown(ran: Ran, what: str) -> object:
    """One thing of what the naive gate shows of a run."""
    return _SHOWN[what](ran)


def _bodies(ran: Ran, target: bytes) -> list[tuple[str, bytes]]:
    """What was sent to an address: the rest of the address, and the body."""
    found = []
    for data in ran.seen.sent:
        head, _, body = data.partition(b"\r\n\r\n")
        asked = (head.split(b" ", 2) + [b""])[1]
        if asked.startswith(target):
            found.append((asked.removeprefix(target).decode("latin-1"), body))
    return found


def _rows(ran: Ran) -> tuple[list[tuple[str, object]], list[str]]:
    """Rows as a lax reader takes them, and its complaints."""
    rows, errors = [], []
    for name, body in _bodies(ran, _SCORES):
        try:
            rows.append((name, json.loads(body)))
        except (ValueError, RecursionError) as error:
            errors.append(f"{name}: {error}: {body[:200]!r}")
    return rows, errors


def _pairs(ran: Ran) -> list[tuple[str, str, object]]:
    """Sample, metric and value, of every row that has any."""
    rows = [(name, row.get("values")) for name, row in _rows(ran)[0] if isinstance(row, dict)]
    return [(name, *pair) for name, row in rows if isinstance(row, dict) for pair in row.items()]


def _figures(ran: Ran) -> dict[str, object]:
    found: dict[str, list[object]] = {}
    for _, metric, value in _pairs(ran):
        found.setdefault(metric, []).append(value)
    return {metric: _mean(values) for metric, values in found.items()}


def _mean(values: list[object]) -> object:
    try:
        return fmean(values)
    except (TypeError, ValueError, OverflowError) as error:
        return f"{error}: {values}"


_SHOWN: dict[str, Callable[[Ran], object]] = {
    "figures": _figures,
    "names": lambda ran: sorted({metric for _, metric, _ in _pairs(ran)}),
    "samples": lambda ran: sorted({name for name, _ in _rows(ran)[0]}),
    "per_sample": lambda ran: sorted(map(repr, _pairs(ran))),
    "order": lambda ran: [name for name, _ in _rows(ran)[0]],
    "rows": lambda ran: len(_rows(ran)[0]),
    "errors": lambda ran: _rows(ran)[1],
    "digest": lambda ran: hashlib.sha256(repr(_rows(ran)[0]).encode()).hexdigest(),
    "ends": lambda ran: _bodies(ran, wire.END_PATH.encode()),
    "exit": lambda ran: (ran.seen.death.exit_code, ran.seen.death.oom),
    "ending": lambda ran: (ran.result.ending, ran.result.code),
    "seconds": lambda ran: ran.seen.seconds,
    "calls": lambda ran: len(_bodies(ran, b"/v1/chat/completions")),
    "usage": lambda ran: ran.result.receipt,
    "failed": lambda ran: ran.result.receipt.vendor_errors,
    "bytes": lambda ran: sum(map(len, ran.seen.sent)),
    "requests": lambda ran: [data[:4096] for data in ran.seen.sent],
}
