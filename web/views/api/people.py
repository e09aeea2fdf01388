"""`/api/v1/people`: who may act for an organisation; for the operator.

Replies with a one-time link are not kept for an idempotency key: of a link only a digest is
stored. Who lost a reply asks for another link.
"""

from fastapi import APIRouter
from pydantic import BaseModel

from harness.paging import Cursor, cut
from harness.services.parties import people
from harness.services.platform import address
from web.auth import Program
from web.dependencies import AtDesk
from web.views.api.posting import changed
from web.views.api.shapes import Asked, Body, Line, Listing, Login, to_text

router = APIRouter(prefix="/people", tags=["people"])


class Person(BaseModel):
    """Somebody who may act for organisations; `disabled` is one who may not sign in."""

    login: str
    name: str
    organisations: list[str]
    has_password: bool
    disabled: bool


class NewPerson(Body):
    """Somebody who is to act for an organisation."""

    login: Line
    name: Line
    organisation: Line


class Invitation(BaseModel):
    """A path below the service's address that signs one person in, once; shown only now."""

    login: str
    link: str
    valid_s: int


@router.get("")
def list_people(at: AtDesk, actor: Program, asked: Asked) -> Listing[Person]:
    """Everybody, by login (operator)."""
    with at.platform.database.read() as session:
        found = cut(people.members(session, actor), lambda row: Cursor(0.0, row.login), asked)
    items = [Person.model_validate(row, from_attributes=True) for row in found.rows]
    return Listing(items=items, next=to_text(found.next))


@router.post("", status_code=201)
def add_person(at: AtDesk, actor: Program, body: NewPerson) -> Invitation:
    """Register somebody, or let a registered person act for one more organisation (operator)."""
    secret = changed(
        at,
        lambda session: people.add(
            session, at.platform, actor, body.login, body.name, body.organisation
        ),
    )
    return _invitation(body.login, secret)


@router.post("/{login}/links", status_code=201)
def add_link(at: AtDesk, actor: Program, login: Login) -> Invitation:
    """Let somebody start anew who lost the password: it stops working at once (operator)."""
    secret = changed(at, lambda session: people.new_link(session, at.platform, actor, login))
    return _invitation(login, secret)


def _invitation(login: str, secret: str) -> Invitation:
    return Invitation(login=login, link=address.link_path(secret), valid_s=people.LINK_S)
