"""Suites: compiled from what authors write, packed, checked and submitted by digest."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from evals import manifest, pack
from harness.documents import authoring, suite_rows
from harness.documents import suite as suite_document
from harness.documents.suite_rows import PublicSample
from harness.errors import Conflict, InvalidInput, NotFound
from harness.paging import Page, Window
from harness.records import suites
from harness.records.base import Act
from harness.services.access import Actor, Thing, check, narrowed
from harness.services.parties import statements
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


MAX_ARCHIVE: Final = 64 * 1024 * 1024
MANIFEST: Final = "suite.json"
# A person mends no more at one time.
_MOST_ROW_PROBLEMS: Final = 50


def read_folder(folder: Path) -> dict[str, bytes]:
    """Files of an author's folder. Raises InvalidInput when it is no suite."""
    if not (folder / "suite.yaml").is_file():
        raise InvalidInput(f"{folder}: no suite.yaml there")
    files = {}
    total = 0
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name.startswith(".") or "/." in name or path.is_dir():
            continue
        if path.is_symlink() or not path.is_file():
            raise InvalidInput(f"{name}: only plain files may be in a suite")
        total += path.stat().st_size
        if total > MAX_ARCHIVE:
            raise InvalidInput(f"{folder}: more than {MAX_ARCHIVE // 2**20} MiB")
        files[name] = path.read_bytes()
    return files


def build(files: Mapping[str, bytes]) -> bytes:
    """Compile and pack an author's files. Raises InvalidInput with file, line and field."""
    try:
        return pack.pack(authoring.compile_suite(files))
    except authoring.AuthoringError as error:
        raise InvalidInput(str(item) for item in error.problems) from None
    except pack.PackError as error:
        raise InvalidInput(f"suite: {error}") from None


def open_archive(archive: bytes) -> tuple[manifest.Manifest, dict[str, bytes]]:
    """Unpack and parse a packed suite. Raises InvalidInput with every problem."""
    try:
        files = pack.unpack(archive, max_bytes=MAX_ARCHIVE)
    except pack.PackError as error:
        raise InvalidInput(f"suite archive: {error}") from None
    if MANIFEST not in files:
        raise InvalidInput("suite archive: no suite.json in it; make it with `assay suite pack`")
    try:
        parsed = manifest.parse(files[MANIFEST])
    except manifest.ManifestError as error:
        raise InvalidInput(
            f"{MANIFEST}: {item.path}: {item.message}" for item in error.problems
        ) from None
    problems = list(_data_problems(parsed, files))
    if problems:
        raise InvalidInput(problems)
    return parsed, files


def _data_problems(parsed: manifest.Manifest, files: Mapping[str, bytes]) -> Iterator[str]:
    """Data files that are missing, changed or undeclared: the guest would refuse them later."""
    declared = {item.file: item.sha256 for item in parsed.data}
    for name, sha256 in declared.items():
        if name not in files:
            yield f"{name}: is missing from the archive"
        elif hashlib.sha256(files[name]).hexdigest() != sha256:
            yield f"{name}: its digest is not the one in {MANIFEST}; pack the suite again"
    for name in sorted(files.keys() - declared.keys() - {MANIFEST}):
        yield f"{name}: is not declared in {MANIFEST}"


def submit(
    session: Session, platform: Platform, actor: Actor, archive: bytes, envelope: bytes
) -> suites.Suite:
    """Take a packed suite and the auditor's signature over its digest."""
    check(actor, "submit", Thing("suite", auditor=actor.organisation))
    digest = pack.digest(archive)
    parsed, files = open_archive(archive)
    problems = list(islice(suite_rows.problems(parsed, files), _MOST_ROW_PROBLEMS))
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
        manifest=files[MANIFEST],
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
