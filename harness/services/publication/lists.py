"""Runs and reports as lists show them, each row with its agreement in a few words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from harness.documents import report as report_document
from harness.errors import IntegrityError
from harness.paging import Page, Window
from harness.records import runs
from harness.services import states
from harness.services.access import Actor, Thing, can, narrowed
from harness.services.platform.opening import Platform
from harness.services.publication.agreed import Agreed, agreed, signed
from harness.services.publication.recent import Recent, read_once
from harness.services.runs import view
from harness.services.runs.view import View


@dataclass(frozen=True, slots=True)
class Attempt:
    """A run as one actor sees it. `may_stop`: a stop by this actor would not be refused."""

    seen: View
    agreed: Agreed
    may_stop: bool


@dataclass(frozen=True, slots=True)
class Headline:
    """What a report comes down to: its claim, its verdict and its primary figure.

    `shown`, `low` and `high` are decimal strings in the metric's own unit, `n` counts samples.
    A histogram has `shares` instead; what does not apply is empty.
    """

    sentence: str
    verdict: str
    metric: str
    n: int
    shown: str
    low: str
    high: str
    shares: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Released:
    """A report in the list of reports; `released_at` is its slot."""

    run: str
    ordinal: int
    released_at: float
    agreed: Agreed
    headline: Headline


# By the digest of a report's bytes, which name the protocol that says what is primary.
_memory: Final[Recent[str, Headline]] = Recent(4096)


def attempts(session: Session, platform: Platform, actor: Actor, window: Window) -> Page[Attempt]:
    """The runs that the actor may see, reserved last first, in at most two queries."""
    found = view.listed(session, platform, actor, window)
    known = signed(session, {seen.digest for seen in found.rows})
    return Page([_attempt(actor, seen, known[seen.digest]) for seen in found.rows], found.next)


def attempt(session: Session, platform: Platform, actor: Actor, run_id: str) -> Attempt:
    """One run that the actor may see. Raises NotFound."""
    seen = view.view(session, platform, actor, run_id)
    return _attempt(actor, seen, signed(session, {seen.digest})[seen.digest])


def _attempt(actor: Actor, seen: View, known: Agreed) -> Attempt:
    if seen.inside is None:
        # The same until the slot, whatever has become of the run.
        possible = seen.outcome == "PENDING"
    else:
        possible = states.run_step(seen.inside.state, "stop", actor.role) is not None
    if possible:
        about = Thing("run", auditor=known.auditor, vendor=known.vendor)
        possible = can(actor, "stop", about)
    return Attempt(seen, known, may_stop=possible)


def reports(session: Session, platform: Platform, actor: Actor, window: Window) -> Page[Released]:
    """The reports that the actor may read, released last first, in at most four queries."""
    own = narrowed(actor, "report")
    if own is None:
        return Page((), None)
    found = runs.released(session, own, platform.clock(), window)
    known = agreed(session, {run.protocol for run in found.rows}) if found.rows else {}
    lines = _headlines(session, found.rows, known)
    return Page([_released(run, known, lines) for run in found.rows], found.next)


def _headlines(
    session: Session, rows: Sequence[runs.Run], known: Mapping[str, Agreed]
) -> Mapping[str, Headline]:
    primary = {run.report: known[run.protocol].primary for run in rows if run.report is not None}

    def read(digest: str, body: bytes) -> Headline:
        return _headline(report_document.parse(body), primary[digest])

    return read_once(session, _memory, primary.keys(), read)


def _released(
    run: runs.Run, known: Mapping[str, Agreed], lines: Mapping[str, Headline]
) -> Released:
    if run.report is None or run.visible_at is None:
        raise IntegrityError("a released run without a report")
    return Released(run.id, run.ordinal, run.visible_at, known[run.protocol], lines[run.report])


def _headline(report: report_document.Report, primary: str) -> Headline:
    figure = next(item for item in report.metrics if item.id == primary)
    shares: tuple[tuple[str, str], ...] = ()
    shown = low = high = ""
    if figure.kind == "histogram":
        shares = tuple(figure.shown.items())
    else:
        shown = figure.shown or ""
        if figure.interval is not None:
            low, high = figure.interval.low, figure.interval.high
    return Headline(
        sentence=report.claim.sentence,
        verdict=report.claim.verdict,
        metric=figure.id,
        n=figure.n,
        shown=shown,
        low=low,
        high=high,
        shares=shares,
    )
