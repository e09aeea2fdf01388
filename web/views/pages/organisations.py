"""Organisations: who takes part, and registering one that the operator has vetted."""

from fastapi import Request, Response

from harness.errors import Conflict, InvalidInput
from harness.services.access import Thing, can, check
from harness.services.parties import catalog, registry
from web.auth import Visitor
from web.branch import Branch
from web.dependencies import AtDesk
from web.forms import Form, OwnForm
from web.rendering import render, see_other
from web.views.api.shapes import to_text
from web.views.pages.lists import Asked

router = Branch(prefix="/organisations")

_ORGANISATION = Thing("organisation")


@router.get("")
def list_organisations(
    request: Request, at: AtDesk, visitor: Visitor, asked: Asked, added: str = ""
) -> Response:
    """The registered organisations, by name."""
    with at.platform.database.read() as session:
        found = catalog.organisations(session, visitor.actor, asked)
    # The name comes back in the address: it is shown only when there is one of that name.
    known = added in {row.name for row in found.rows}
    flash = [("good", f"{added} is registered. Now add its people.")] if known else []
    return render(
        request,
        "organisations.html",
        rows=found.rows,
        older=to_text(found.next),
        first=asked.after is None,
        may_add=can(visitor.actor, "add", _ORGANISATION),
        flash=flash,
    )


@router.get("/new")
def ask_organisation(request: Request, visitor: Visitor) -> Response:
    """The form for another one."""
    check(visitor.actor, "add", _ORGANISATION)
    return _form_page(request, None, 200)


@router.post("/new")
def add_organisation(request: Request, at: AtDesk, visitor: Visitor, form: OwnForm) -> Response:
    """Register an organisation with its first public key."""
    check(visitor.actor, "add", _ORGANISATION)
    try:
        with at.platform.database.write() as session:
            registry.add_organisation(
                session,
                at.platform,
                visitor.actor,
                form.text("name"),
                form.text("role"),
                form.text("owner_group") or None,
                _key(form),
            )
    except InvalidInput as error:
        form.refuse(error)
        return _form_page(request, form, 422)
    except Conflict as error:
        form.errors["name"] = str(error)
        return _form_page(request, form, 409)
    return see_other(f"/organisations?added={form.text('name')}")


def _key(form: Form) -> bytes | None:
    """The public key, from a file or pasted; None when there is neither."""
    found = form.files.get("key")
    uploaded = b"" if found is None else found.file.read()
    pasted = form.text("pasted")
    return uploaded or (f"{pasted}\n".encode() if pasted else None)


def _form_page(request: Request, form: Form | None, status: int) -> Response:
    return render(request, "organisation_new.html", status, form=form, roles=registry.ROLES)
