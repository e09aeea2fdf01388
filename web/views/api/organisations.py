"""`/api/v1/organisations`: who takes part."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from harness.services.parties import catalog, registry
from web.auth import Program
from web.dependencies import AtDesk
from web.views.api.posting import Posting
from web.views.api.shapes import Asked, Body, Line, Listing, to_text

router = APIRouter(prefix="/organisations", tags=["organisations"])


class Organisation(BaseModel):
    """A registered organisation; `owner_group` names who owns it."""

    name: str
    role: str
    owner_group: str
    created_at: float


class NewOrganisation(Body):
    """An organisation that the operator has vetted. Auditors and vendors need a key."""

    name: Annotated[Line, Field(examples=["example-lab"])]
    role: Literal["auditor", "vendor", "regulator", "operator"]
    owner_group: Annotated[Line | None, Field(description="Its own name by default.")] = None
    key: Annotated[
        str | None, Field(max_length=4000, description="Public key, P-256 or Ed25519, as PEM.")
    ] = None


@router.get("")
def list_organisations(at: AtDesk, actor: Program, asked: Asked) -> Listing[Organisation]:
    """The registered organisations, by name; for operator and regulators."""
    with at.platform.database.read() as session:
        found = catalog.organisations(session, actor, asked)
    items = [Organisation.model_validate(row, from_attributes=True) for row in found.rows]
    return Listing(items=items, next=to_text(found.next))


@router.post("", status_code=201, response_model=Organisation)
def add_organisation(post: Posting, body: NewOrganisation) -> Response:
    """Register an organisation (operator)."""

    def change(session: Any) -> Organisation:
        row = registry.add_organisation(
            session,
            post.desk.platform,
            post.actor,
            body.name,
            body.role,
            body.owner_group,
            None if body.key is None else body.key.encode(),
        )
        return Organisation.model_validate(catalog.organisation(row), from_attributes=True)

    return post.once(body.model_dump_json().encode(), change)
