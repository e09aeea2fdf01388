"""Released reports: the list, the report's page, its chart and its bundle.

Who asks is checked on every request, before anything that was kept is looked at; what is kept
holds nothing about a reader.
"""

import shlex
from typing import Annotated, Final, Literal, NamedTuple

from fastapi import Query, Request, Response
from markupsafe import Markup

from harness.errors import Conflict
from harness.services.publication import bundles, lists, reports
from harness.services.publication.recent import Recent
from harness.services.publication.reports import Edition, Proof, Reading, Shown
from web import charts, report_charts, wording
from web.auth import Visitor
from web.branch import Branch
from web.dependencies import AtDesk, Desk
from web.rendering import render, text
from web.views.api.shapes import to_text
from web.views.pages.lists import Asked
from web.views.pages.runs import RunId

router = Branch(prefix="/reports")

# An image carries its own colours; the page's policy would forbid them when it is opened alone.
_IMAGE_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

Part = Literal["all", "primary", "others"]
Size = Literal["wide", "narrow"]


class Page(NamedTuple):
    """A report's page without its frame."""

    title: str
    body: Markup


# A report never changes, and its proof changes with the log alone: the key names both.
pages: Final[Recent[Edition, Page]] = Recent(64)
pictures: Final[Recent[tuple[str, Part, Size], str]] = Recent(256)


@router.get("")
def list_reports(request: Request, at: AtDesk, visitor: Visitor, asked: Asked) -> Response:
    """The released reports that the reader may read, the newest first."""
    with at.platform.database.read() as session:
        found = lists.reports(session, at.platform, visitor.actor, asked)
    return render(
        request,
        "reports.html",
        rows=found.rows,
        older=to_text(found.next),
        first=asked.after is None,
        verdicts=wording.VERDICTS,
    )


@router.get("/{run_id}")
def read_report(request: Request, at: AtDesk, visitor: Visitor, run_id: RunId) -> Response:
    """The report of a run, or why there is none (yet)."""
    try:
        with at.platform.database.read() as session:
            edition = reports.edition(session, at.platform, visitor.actor, run_id)
    except Conflict:
        with at.platform.database.read() as session:
            found = lists.attempt(session, at.platform, visitor.actor, run_id)
        return render(request, "report_missing.html", run=found)
    page = pages.get(edition) or _made(at, visitor, edition)
    return render(request, "report.html", title=page.title, body=page.body)


@router.get("/{run_id}/bundle")
def download_bundle(at: AtDesk, visitor: Visitor, run_id: RunId) -> Response:
    """The one file from which anybody checks the report, with the log as it stands now."""
    with at.platform.database.read() as session:
        edition = reports.edition(session, at.platform, visitor.actor, run_id)
        data = bundles.bundle_of(session, at.platform, visitor.actor, run_id)
    named = f'attachment; filename="{file_name(edition.run)}"'
    return Response(data, media_type="application/json", headers={"content-disposition": named})


@router.get("/{run_id}/chart.svg")
def read_chart(
    at: AtDesk,
    visitor: Visitor,
    run_id: RunId,
    part: Annotated[Part, Query(alias="of")] = "all",
    size: Size = "wide",
) -> Response:
    """The figures as a picture."""
    with at.platform.database.read() as session:
        edition = reports.edition(session, at.platform, visitor.actor, run_id)
        key = (edition.report, part, size)
        picture = pictures.get(key)
        if picture is None:
            reading = reports.reading(session, at.platform, visitor.actor, run_id)
            picture = _drawn(reading, part, size)
            pictures.put(key, picture)
    return Response(
        picture,
        media_type="image/svg+xml",
        headers={"content-security-policy": _IMAGE_POLICY},
    )


def file_name(run: str) -> str:
    """The name under which a bundle is saved, and that the command to check it has."""
    return f"{run}.report.bundle.json"


def _made(at: Desk, visitor: Visitor, edition: Edition) -> Page:
    with at.platform.database.read() as session:
        reading = reports.reading(session, at.platform, visitor.actor, edition.run)
        proof = reports.proof(session, at.platform, visitor.actor, edition.run)
    page = Page(reading.protocol.identity.title, body(reading, proof))
    pages.put(reading.edition, page)
    return page


def body(reading: Reading, proof: Proof) -> Markup:
    """A report's page without its frame: the same for every reader."""
    decision = reading.protocol.claim.decision
    others = _figures(reading, "others")
    return Markup(  # noqa: S704 - our own template, which escapes what parties wrote
        text(
            "report_body.html",
            reading=reading,
            report=reading.report,
            protocol=reading.protocol,
            primary=reading.primary,
            others=others,
            primary_words=report_charts.sentence([reading.primary], decision),
            others_words=report_charts.sentence(others, decision),
            unit=report_charts.unit,
            percentile=report_charts.percentile,
            words=wording,
            proof=proof,
            command=command(reading.edition, proof.root),
            citation=citation(reading, proof),
        )
    )


def command(edition: Edition, root: str) -> str:
    """What anybody runs to check the bundle, with the trust root to pin."""
    return shlex.join(("assay", "verify", file_name(edition.run), "--root", root))


def citation(reading: Reading, proof: Proof) -> str:
    """How a paper refers to a report: by digests, so that it cannot come to mean another."""
    report, protocol = reading.report, reading.protocol
    return (
        f"{protocol.parties.auditor.organisation}: {protocol.identity.title}. "
        f"{report.model.model} ({report.model.snapshot}) of {report.model.vendor}, "
        f"suite {protocol.suite.id} {protocol.suite.version}, "
        f"{wording.attempt_line(report.run)}. Released {report.released_at[:10]}. "
        f"Assay report {reading.edition.report}, entry {proof.index} of log {proof.origin}, "
        f"trust root {proof.root}."
    )


def _figures(reading: Reading, part: Part) -> list[Shown]:
    primary = reading.protocol.analysis.primary
    return [
        item
        for item in reading.shown
        if part == "all" or (item.id == primary) == (part == "primary")
    ]


def _drawn(reading: Reading, part: Part, size: Size) -> str:
    figures = _figures(reading, part)
    decision = reading.protocol.claim.decision
    return charts.svg(
        reading.protocol.identity.title,
        report_charts.sentence(figures, decision),
        report_charts.panels(figures, decision),
        charts.NARROW if size == "narrow" else charts.WIDE,
    )
