"""A released report with all that its page shows: from its bytes, its protocol and the log."""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Final

from sqlalchemy.orm import Session

from harness.disclosure import figures
from harness.disclosure.bits import MICRO
from harness.disclosure.cells import Cell
from harness.disclosure.preview import random_bytes
from harness.documents import protocol as protocol_document
from harness.documents import report as report_document
from harness.documents.protocol import Protocol
from harness.documents.report import Report
from harness.documents.report_body import Figure, HistogramFigure, Interval, RatioFigure
from harness.errors import IntegrityError
from harness.records import log, runs
from harness.services.access import Actor, narrowed
from harness.services.agreements import shape
from harness.services.platform.opening import Platform
from harness.services.publication import bundles
from harness.tlog import bundle
from harness.tlog.verify import Verdict, verify

# Stands for the figure of a rate whose exposure is below half a step of its grid.
NO_EXPOSURE: Final = "no exposure"


@dataclass(frozen=True, slots=True)
class Edition:
    """What a report's page is made of, by name: while none of it changes, neither does the page.

    `report` is the digest of the report's bytes, which name the protocol; `tree` is the size of
    the log that the bundle proves the report against.
    """

    run: str
    report: str
    tree: int


@dataclass(frozen=True, slots=True)
class Shown:
    """One figure as a page shows it; decimal strings are in the metric's own unit.

    `lo` and `hi` are the least and greatest figure there can be; a rate of two scores has no
    greatest, and `hi` is where an axis can end. `mark` stands for the figure at the ends of its
    grid ("≥ 0.975"), else it is the figure itself. `shares` and `percentiles` belong to a
    histogram, which has no `value` and no `interval`; `attempts` is the k of pass@k.
    """

    id: str
    kind: str
    dimension: str
    label: str
    n: int
    unit: int
    lo: Fraction
    hi: Fraction
    value: str
    mark: str
    interval: Interval | None
    shares: tuple[tuple[str, str], ...]
    percentiles: tuple[tuple[int, str], ...]
    attempts: int


@dataclass(frozen=True, slots=True)
class Leak:
    """What this report, and all of the pair's reports of a rolling year, can say at most."""

    bits: str
    words: str
    total: str
    total_words: str
    cap: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A released report and its protocol, read from their bytes."""

    edition: Edition
    report: Report
    protocol: Protocol
    shown: tuple[Shown, ...]
    leak: Leak

    @property
    def primary(self) -> Shown:
        """The figure that the claim rests on."""
        return next(item for item in self.shown if item.id == self.protocol.analysis.primary)


@dataclass(frozen=True, slots=True)
class Proof:
    """What the server's own verifier finds in the bundle that it hands out, and where to look.

    `index` is the report's place in the log named `origin`; `root` pins who keeps that log.
    """

    checks: Verdict
    root: str
    origin: str
    index: int


def edition(session: Session, platform: Platform, actor: Actor, run_id: str) -> Edition:
    """Which report it is, for those who may read it now; one query where there is one.

    Raises NotFound for one that the actor may not know of, Conflict while there is none.
    """
    own, now = narrowed(actor, "report"), platform.clock()
    row = None if own is None else runs.readable(session, run_id, own, now)
    if row is None:
        # The beginning of an id finds its run; whatever else it is, this says why there is none.
        run = bundles.released(session, platform, actor, run_id)
        row = None if own is None else runs.readable(session, run.id, own, now)
    if row is None:
        raise IntegrityError("a report without its bytes or log")
    return Edition(row.id, row.report, row.size)


def reading(session: Session, platform: Platform, actor: Actor, run_id: str) -> Reading:
    """Read a released report. Raises as `edition` does."""
    found = edition(session, platform, actor, run_id)
    report = report_document.parse(bundles.report_of(session, platform, actor, found.run))
    bodies = log.bodies(session, (report.protocol,))
    if report.protocol not in bodies:
        raise IntegrityError("a report without its protocol")
    protocol = protocol_document.parse(bodies[report.protocol])
    return Reading(found, report, protocol, shown(report, protocol), _leak(report))


def proof(session: Session, platform: Platform, actor: Actor, run_id: str) -> Proof:
    """Verify the very bundle that a reader would be given now. Raises as `edition` does."""
    data = bundles.bundle_of(session, platform, actor, run_id)
    root = platform.trust_root_digest
    return Proof(
        checks=verify(data, root),
        root=root,
        origin=platform.settings.log_origin,
        index=bundle.parse(data).entries[-1].index,
    )


def shown(report: Report, protocol: Protocol) -> tuple[Shown, ...]:
    """A report's figures for people, in its order."""
    return tuple(
        _shown(figure, cell, protocol.harness.epochs)
        for figure, cell in zip(report.metrics, shape.declared_cells(protocol), strict=True)
    )


def _shown(figure: Figure, cell: Cell, epochs: int) -> Shown:
    value = mark = ""
    interval = None
    shares: tuple[tuple[str, str], ...] = ()
    lo, hi = figures.range_shown(cell)
    if isinstance(figure, HistogramFigure):
        shares = tuple((label, figure.shown[label]) for label in cell.labels)
    elif isinstance(figure, RatioFigure):
        value = mark = figure.shown or NO_EXPOSURE
        lo, hi = Fraction(0), Fraction(max(1, ceil(Fraction(figure.shown or 0))))
    else:
        value, interval = figure.shown, figure.interval
        # Where noise was added, a level says nothing certain of where the exact figure is.
        mark = (interval and figures.end_mark(cell, (figure.level,), epochs)) or value
    return Shown(
        id=figure.id,
        kind=figure.kind,
        dimension=figure.group.dimension if figure.group else "",
        label=figure.group.label if figure.group else "",
        n=figure.n,
        unit=figure.unit,
        lo=lo,
        hi=hi,
        value=value,
        mark=mark,
        interval=interval,
        shares=shares,
        percentiles=tuple(
            (item.percent, item.label) for item in getattr(figure, "percentiles", ())
        ),
        attempts=cell.attempts,
    )


def _leak(report: Report) -> Leak:
    said = report.disclosure
    return Leak(
        bits=said.bits,
        words=random_bytes(int(Fraction(said.bits) * MICRO)),
        total=said.pair_total_bits,
        total_words=random_bytes(int(Fraction(said.pair_total_bits) * MICRO)),
        cap=said.pair_cap_bits,
    )
