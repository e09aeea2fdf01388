"""Suites: submitted by digest, found and described."""

from dataclasses import asdict, dataclass
from itertools import islice
from typing import Final

from sqlalchemy.orm import Session

from evals import manifest, pack
from harness.documents import packed, suite_rows
from harness.documents import suite as suite_document
from harness.documents.suite_rows import PublicSample
from harness.errors import Conflict, InvalidInput, NotFound
from harness.paging import Page, Window
from harness.records import suites
from harness.records.base import Act
from harness.services.access import Actor, Thing, check, narrowed
from harness.services.parties import statements
from harness.services.platform import caps, locks
from harness.services.platform.opening import Platform


@dataclass(frozen=True, slots=True)
class Listed:
    """A suite in a list of suites."""

    digest: str
    id: str
    version: str
    auditor: str
    samples: int
    submitted_at: float


@dataclass(frozen=True, slots=True)
class Facts(Listed):
    """What those who may see a suite read of it: no prompt, no answer, no sample's id."""

    title: str
    summary: str
    licence: str
    groups: dict[str, dict[str, int]]
    metrics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure of every report over a suite: scores from `lo` to `hi`, on a grid.

    `unit` is how many samples one step of the grid stands for; `by` is the dimension whose
    groups have a figure each, empty for one figure over all samples.
    """

    id: str
    kind: str
    lo: int
    hi: int
    labels: tuple[str, ...]
    unit: int
    by: str
    primary: bool


@dataclass(frozen=True, slots=True)
class Description:
    """A suite as its page tells it; `public` are ids of the samples that anyone may read."""

    facts: Facts
    measures: tuple[Measure, ...]
    public: tuple[str, ...]
    manifest: manifest.Manifest


MAX_ARCHIVE: Final = packed.MAX_BYTES
build: Final = packed.build
open_archive: Final = packed.open_archive
# A person mends no more at one time.
_MOST_ROW_PROBLEMS: Final = 50


def submit(
    session: Session, platform: Platform, actor: Actor, archive: bytes, envelope: bytes
) -> suites.Suite:
    """Take a packed suite and the auditor's signature over its digest."""
    check(actor, "submit", Thing("suite", auditor=actor.organisation))
    digest = pack.digest(archive)
    parsed, files = open_archive(archive)
    problems = [
        *caps.over(parsed.limits, platform.settings),
        *locks.problems(parsed, files),
        *islice(suite_rows.problems(parsed, files), _MOST_ROW_PROBLEMS),
    ]
    if problems:
        raise InvalidInput(problems)
    known = suites.get(session, digest)
    if known is not None:
        if known.auditor != actor.organisation:
            raise Conflict("this very suite was submitted by another organisation")
        return known
    act = Act(actor.label, "submit suite", platform.clock())
    statements.accept(
        session,
        envelope,
        kind="suite-submission",
        organisation=actor.organisation,
        subject=("suite", digest),
        act=act,
    )
    row = suites.Suite(
        digest=digest,
        auditor=actor.organisation,
        suite=parsed.id,
        version=parsed.version,
        samples=len(parsed.samples),
        manifest=files[packed.MANIFEST],
        archive=archive,
        submitted_at=act.at,
    )
    suites.add(session, row, act)
    return row


def find(session: Session, actor: Actor, digest: str) -> suites.Suite:
    """A suite that the actor may see, by its digest or the first hexadecimal digits of it.

    Raises NotFound.
    """
    prefix = digest if digest.startswith("sha256:") else f"sha256:{digest}"
    own = narrowed(actor, "suite")
    found = () if own is None or not digest else suites.matching(session, prefix, own)
    if len(found) != 1:
        what = "more than one suite" if found else "no suite"
        raise NotFound(f"{what} with a digest beginning {digest}; see `assay suite list`")
    return found[0]


def listed(session: Session, actor: Actor, window: Window) -> Page[Listed]:
    """The suites that the actor may see, newest first."""
    own = narrowed(actor, "suite")
    if own is None:
        return Page((), None)
    found = suites.listed(session, own, window)
    return Page([shown(row) for row in found.rows], found.next)


def shown(row: suites.Suite) -> Listed:
    """A suite's row as a list shows it."""
    return Listed(
        digest=row.digest,
        id=row.suite,
        version=row.version,
        auditor=row.auditor,
        samples=row.samples,
        submitted_at=row.submitted_at,
    )


def facts(row: suites.Suite) -> Facts:
    """A suite's row with what its manifest says of the whole."""
    return _facts(row, manifest.parse(row.manifest))


def describe(row: suites.Suite) -> Description:
    """All that a suite's page tells. Reads the manifest, never the archive."""
    parsed = manifest.parse(row.manifest)
    return Description(
        facts=_facts(row, parsed),
        measures=tuple(_measure(parsed, item) for item in parsed.aggregates),
        public=parsed.public_samples,
        manifest=parsed,
    )


def public_samples(session: Session, row: suites.Suite) -> tuple[PublicSample, ...]:
    """The few samples that a manifest declares public, in its order; no other is handed out."""
    archive = suites.archive(session, row.digest)
    if archive is None:
        raise NotFound(f"no suite {row.digest}")
    return suite_rows.public(*open_archive(archive))


def figure_ids(parsed: manifest.Manifest) -> tuple[str, ...]:
    """The figures of a report that a claim can rest on: those over all samples, and of groups."""
    labels = suite_document.group_sizes(parsed)
    return tuple(
        name
        for item in parsed.aggregates
        if item.kind != "histogram" and not isinstance(item.exposure, str)
        for name in (
            [f"{item.id}.{label}" for label in sorted(labels.get(item.groups, {}))]
            if item.groups
            else [item.id]
        )
    )


def _measure(parsed: manifest.Manifest, item: manifest.Aggregate) -> Measure:
    metric = next(metric for metric in parsed.metrics if metric.id == item.metric)
    return Measure(
        id=item.id,
        kind=item.kind,
        lo=metric.lo,
        hi=metric.hi,
        labels=metric.labels,
        unit=item.unit,
        by=item.groups or "",
        primary=item.id == parsed.primary,
    )


def _facts(row: suites.Suite, parsed: manifest.Manifest) -> Facts:
    return Facts(
        **asdict(shown(row)),
        title=parsed.title,
        summary=parsed.summary,
        licence=parsed.licence,
        groups=suite_document.group_sizes(parsed),
        metrics=tuple(item.id for item in parsed.aggregates),
    )
