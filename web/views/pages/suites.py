"""Suites: an auditor's list, one suite, its public samples, and submitting one."""

import re
from collections.abc import Iterable
from typing import Annotated, Final, NamedTuple

from fastapi import Depends, Request, Response

from harness.documents import packed, signatures
from harness.errors import Conflict, InvalidInput, NotFound
from harness.services import suites
from harness.services.access import Thing, can, check, sees_all
from harness.services.agreements import shape
from harness.services.platform import caps
from harness.services.publication import agreements
from web import wording
from web.auth import Visitor
from web.branch import Branch
from web.dependencies import AtDesk
from web.forms import Form, OwnForm
from web.rendering import render, see_other
from web.views.api.shapes import to_text
from web.views.pages.lists import Asked

router = Branch(prefix="/suites")

_DIGEST: Final = re.compile(r"(sha256:)?[0-9a-f]{1,64}")
# What the linter says: a file, perhaps a line, perhaps a field of it, and what is wrong.
_FINDING: Final = re.compile(
    r"(?P<file>[A-Za-z0-9_][A-Za-z0-9_./-]*\.[a-z]+)(?::(?P<line>[0-9]+))?: "
    r"(?:(?P<field>[A-Za-z0-9_.\[\]-]+): )?(?P<message>.+)",
    re.DOTALL,
)
_SHOWN: Final = 20


class Finding(NamedTuple):
    """One problem of a packed suite; what does not apply is empty."""

    file: str
    line: str
    field: str
    message: str


def known_digest(digest: str) -> str:
    """A suite's digest from an address. Raises NotFound for what can be none."""
    if not _DIGEST.fullmatch(digest):
        raise NotFound("no suite with that digest")
    return digest


SuiteDigest = Annotated[str, Depends(known_digest)]


@router.get("")
def list_suites(request: Request, at: AtDesk, visitor: Visitor, asked: Asked) -> Response:
    """The suites that the reader may see, newest first."""
    actor = visitor.actor
    _check_reader(visitor)
    with at.platform.database.read() as session:
        found = suites.listed(session, actor, asked)
    return render(
        request,
        "suites.html",
        rows=found.rows,
        older=to_text(found.next),
        first=asked.after is None,
        all_of_them=sees_all(actor, "suite"),
        may_submit=can(actor, "submit", Thing("suite", auditor=actor.organisation)),
    )


@router.get("/new")
def new_suite(request: Request, visitor: Visitor) -> Response:
    """The form for a packed suite and its signature."""
    _check_author(visitor)
    return _form(request, visitor, None, ())


@router.post("")
def submit_suite(request: Request, at: AtDesk, visitor: Visitor, form: OwnForm) -> Response:
    """Submit a packed suite; sent twice it is there once."""
    _check_author(visitor)
    try:
        archive, signed = _files(form)
        with at.platform.database.write() as session:
            row = suites.submit(session, at.platform, visitor.actor, archive, signed)
    except InvalidInput as error:
        return _form(request, visitor, form, _sort(form, error.problems))
    except Conflict as error:
        form.errors["archive"] = str(error)
        return _form(request, visitor, form, ())
    at.settle()
    return see_other(f"/suites/{row.digest}")


@router.get("/{digest}")
def read_suite(request: Request, at: AtDesk, visitor: Visitor, digest: SuiteDigest) -> Response:
    """One suite: what its manifest tells, and the agreements over it."""
    actor = visitor.actor
    with at.platform.database.read() as session:
        row = suites.find(session, actor, digest)
        about = {"suite": row.digest}
        over = agreements.over(session, at.platform, actor, about, _SHOWN)
    found = suites.describe(row)
    return render(
        request,
        "suite.html",
        suite=found,
        kinds=wording.KINDS,
        protocols=over,
        # Bits caps aside: they are the protocol's.
        problems=[
            *caps.over(found.manifest.limits, at.platform.settings),
            *shape.suite_problems(found.manifest),
        ],
        may_propose=can(actor, "propose", Thing("protocol", auditor=row.auditor)),
    )


@router.get("/{digest}/samples")
def read_samples(request: Request, at: AtDesk, visitor: Visitor, digest: SuiteDigest) -> Response:
    """The samples that the suite declares public; no other leaves the archive."""
    with at.platform.database.read() as session:
        row = suites.find(session, visitor.actor, digest)
        found = suites.public_samples(session, row)
    return render(request, "suite_samples.html", suite=suites.shown(row), samples=found)


def _check_reader(visitor: Visitor) -> None:
    about = Thing("suite", auditor=visitor.actor.organisation)
    check(visitor.actor, "read", about)


def _check_author(visitor: Visitor) -> None:
    check(visitor.actor, "submit", Thing("suite", auditor=visitor.actor.organisation))


def _files(form: Form) -> tuple[bytes, bytes]:
    """The packed suite and its signature. Raises InvalidInput with what is wrong with both."""
    problems: list[str] = []
    archive = signed = b""
    try:
        archive = form.content("archive")
    except InvalidInput as error:
        problems += error.problems
    try:
        (signed,) = signatures.read(form.content("signatures"), "submission")
    except InvalidInput as error:
        problems += error.problems + (() if problems else _faults(archive))
    if problems:
        raise InvalidInput(problems)
    return archive, signed


def _faults(archive: bytes) -> tuple[str, ...]:
    try:
        packed.open_archive(archive)
    except InvalidInput as error:
        return error.problems
    return ()


def _sort(form: Form, problems: Iterable[str]) -> list[Finding]:
    """Put each problem where it helps: beside a file field, or into the linter's list."""
    findings = []
    for problem in problems:
        found = _FINDING.fullmatch(problem)
        if found is not None:
            findings.append(Finding(**found.groupdict(default="")))
            continue
        about_archive = problem.startswith(("suite archive: ", "suite: ", "archive: "))
        name = "archive" if about_archive else "signatures"
        text = re.sub(r"^(suite archive|suite|archive|signatures|envelope): ", "", problem)
        form.errors[name] = text if name not in form.errors else f"{form.errors[name]}; {text}"
    if findings:
        many = "one problem" if len(findings) == 1 else f"{len(findings)} problems"
        form.errors["archive"] = f"the linter found {many}, listed below"
    return findings


def _form(
    request: Request, visitor: Visitor, form: Form | None, findings: Iterable[Finding]
) -> Response:
    return render(
        request,
        "suite_new.html",
        422 if form else 200,
        form=form,
        findings=list(findings),
        organisation=visitor.actor.organisation,
        most_mib=packed.MAX_BYTES // 2**20,
    )
