"""Drafts: choosing terms, looking at what they commit to, and proposing with a signature."""

import re
from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import Depends, Query, Request, Response

from harness.documents import signatures
from harness.errors import InvalidInput, NotFound
from harness.paging import Window
from harness.services import suites
from harness.services.access import Thing, check
from harness.services.agreements import agree, clauses, drafts, preview
from harness.services.parties import catalog
from web.auth import Visitor
from web.branch import Branch
from web.dependencies import AtDesk, Desk
from web.forms import Form, OwnForm
from web.rendering import render, see_other
from web.views.pages import terms_form
from web.views.pages.agreement_words import words
from web.views.pages.models import MODEL
from web.views.pages.terms_fields import LABELS, SECTIONS

router = Branch(prefix="/drafts")

_ID: Final = re.compile(r"p[0-9a-f]{1,31}")
_DIGEST: Final = re.compile(r"(sha256:)?[0-9a-f]{1,64}")
_CHOICES: Final = Window(200)


def known_id(draft_id: str) -> str:
    """A draft's id from an address. Raises NotFound for what can be none."""
    if not _ID.fullmatch(draft_id):
        raise NotFound("no draft with that id")
    return draft_id


DraftId = Annotated[str, Depends(known_id)]
Text = Annotated[str, Query(max_length=80)]


@router.get("/new")
def new_draft(
    request: Request,
    at: AtDesk,
    visitor: Visitor,
    suite: Text = "",
    model: Text = "",
    draft: Text = "",
) -> Response:
    """The form of terms, those of a draft if one is named; else first the suite and model."""
    _check_author(visitor)
    if draft:
        with at.platform.database.read() as session:
            before = drafts.document(drafts.find(session, visitor.actor, known_id(draft)))
        typed = terms_form.again(before)
        return _form(request, at, visitor, before.suite.digest, before.system.model, defaults=typed)
    if suite and model:
        _check_names(suite, model)
        return _form(request, at, visitor, suite, model)
    with at.platform.database.read() as session:
        own = suites.listed(session, visitor.actor, _CHOICES).rows
        offers = catalog.models(session, visitor.actor, _CHOICES).rows
    return render(request, "draft_choose.html", suites=own, models=offers, suite=suite, model=model)


@router.post("")
def make_draft(request: Request, at: AtDesk, visitor: Visitor, form: OwnForm) -> Response:
    """Draft a protocol of these terms and keep it, to be looked at and signed."""
    _check_author(visitor)
    suite, model = form.text("suite"), form.text("model")
    _check_names(suite, model)
    try:
        chosen = terms_form.read(form.values)
        with at.platform.database.write() as session:
            row = drafts.make(session, at.platform, visitor.actor, suite, model, chosen)
    except InvalidInput as error:
        form.refuse(terms_form.placed(error))
        return _form(request, at, visitor, suite, model, form)
    return see_other(f"/drafts/{row.id}")


@router.get("/{draft_id}")
def read_draft(request: Request, at: AtDesk, visitor: Visitor, draft_id: DraftId) -> Response:
    """What the drafted protocol commits to, before anybody signs."""
    return _page(request, at, visitor, draft_id)


@router.get("/{draft_id}/document")
def read_document(at: AtDesk, visitor: Visitor, draft_id: DraftId) -> Response:
    """The exact bytes that are to be signed."""
    with at.platform.database.read() as session:
        row = drafts.find(session, visitor.actor, draft_id)
    return attachment(row.body, f"{row.id}.json")


@router.post("/{draft_id}/propose")
def propose(
    request: Request, at: AtDesk, visitor: Visitor, draft_id: DraftId, form: OwnForm
) -> Response:
    """Propose the draft with its author's signatures."""
    _check_author(visitor)
    try:
        with at.platform.database.write() as session:
            row = drafts.find(session, visitor.actor, draft_id)
            signed = signatures.read(form.content("signatures"), "proposal", "approval")
            agree.propose(session, at.platform, visitor.actor, row.body, *signed)
    except InvalidInput as error:
        refuse_signatures(form, error)
        return _page(request, at, visitor, draft_id, form)
    except NotFound:
        # A second click: the first has proposed it.
        return _proposed(at, visitor, draft_id)
    at.settle()
    return see_other(f"/protocols/{draft_id}")


def attachment(body: bytes, name: str) -> Response:
    """Exact bytes as a file to keep."""
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(body, media_type="application/json", headers=headers)


def refuse_signatures(form: Form, error: InvalidInput) -> None:
    """Put everything that is wrong with a signed document beside the one field of its form."""
    texts = [re.sub(r"^(signatures|envelope|protocol): ", "", text) for text in error.problems]
    form.errors["signatures"] = "; ".join(texts)


def _check_author(visitor: Visitor) -> None:
    check(visitor.actor, "propose", Thing("protocol", auditor=visitor.actor.organisation))


def _check_names(suite: str, model: str) -> None:
    """Raise NotFound for what can name neither; a database does not take every text."""
    if not _DIGEST.fullmatch(suite) or not MODEL.fullmatch(model):
        raise NotFound("no such suite or model")


def _form(
    request: Request,
    at: Desk,
    visitor: Visitor,
    suite: str,
    model: str,
    form: Form | None = None,
    defaults: Mapping[str, str] | None = None,
) -> Response:
    with at.platform.database.read() as session:
        row = suites.find(session, visitor.actor, suite)
        offer = catalog.model(session, visitor.actor, model)
    found = suites.describe(row)
    return render(
        request,
        "draft_new.html",
        422 if form else 200,
        form=form,
        suite=found.facts,
        model=offer,
        sections=SECTIONS,
        labels=LABELS,
        figures=suites.figure_ids(found.manifest),
        defaults=defaults or terms_form.defaults(visitor.signed.name),
    )


def _page(
    request: Request, at: Desk, visitor: Visitor, draft_id: str, form: Form | None = None
) -> Response:
    try:
        with at.platform.database.read() as session:
            row = drafts.find(session, visitor.actor, draft_id)
    except NotFound:
        return _proposed(at, visitor, draft_id)
    protocol = drafts.document(row)
    seen = preview.of(protocol)
    return render(
        request,
        "draft.html",
        422 if form else 200,
        form=form,
        id=row.id,
        digest=row.digest,
        kept_until=row.created_at + drafts.KEPT_S,
        protocol=protocol,
        seen=seen,
        words=words(protocol, seen),
        chapters=clauses.chapters(protocol),
    )


def _proposed(at: Desk, visitor: Visitor, draft_id: str) -> Response:
    """On to the protocol that the draft became. Raises NotFound when it became none."""
    try:
        with at.platform.database.read() as session:
            row = agree.find(session, visitor.actor, draft_id)
    except NotFound:
        raise NotFound(
            f"no draft {draft_id}; drafts are kept for {drafts.KEPT_S // 86400} days"
        ) from None
    return see_other(f"/protocols/{row.id}")
