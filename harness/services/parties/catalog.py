"""Who is registered and what vendors offer, as those who may look see it."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from harness.errors import NotFound
from harness.paging import Cursor, Page, Window, cut
from harness.records import parties
from harness.services.access import Actor, Thing, can, check


@dataclass(frozen=True, slots=True)
class Organisation:
    """A registered organisation; `owner_group` names who owns it."""

    name: str
    role: str
    owner_group: str
    created_at: float


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model is reached, for its vendor and the operator; its credential is not read."""

    base_url: str
    upstream: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A vendor's model. Prices are millionths of a US dollar per million tokens.

    `endpoint` is None for those who may not inspect it.
    """

    name: str
    vendor: str
    snapshot: str
    price_in: int
    price_out: int
    created_at: float
    endpoint: Endpoint | None


def organisations(session: Session, actor: Actor, window: Window) -> Page[Organisation]:
    """The registered organisations, by name. Raises NotAllowed."""
    check(actor, "read", Thing("organisation"))
    found = [organisation(row) for row in parties.organisations(session)]
    return cut(found, lambda item: Cursor(0.0, item.name), window)


def organisation(row: parties.Organisation) -> Organisation:
    """An organisation's row as a list shows it."""
    return Organisation(row.name, row.role, row.owner_group, row.created_at)


def models(session: Session, actor: Actor, window: Window) -> Page[Offer]:
    """The models that are offered, by name. Raises NotAllowed."""
    check(actor, "read", Thing("model"))
    found = [offer(actor, row) for row in parties.models(session)]
    return cut(found, lambda item: Cursor(0.0, item.name), window)


def model(session: Session, actor: Actor, name: str) -> Offer:
    """One model. Raises NotFound or NotAllowed."""
    check(actor, "read", Thing("model"))
    row = parties.model(session, name)
    if row is None:
        raise NotFound(f"no model named {name}; see `assay model list`")
    return offer(actor, row)


def offer(actor: Actor, row: parties.Model) -> Offer:
    """A model's row as this actor sees it."""
    shown = can(actor, "inspect", Thing("model", vendor=row.vendor))
    return Offer(
        name=row.name,
        vendor=row.vendor,
        snapshot=row.snapshot,
        price_in=row.price_in,
        price_out=row.price_out,
        created_at=row.created_at,
        endpoint=Endpoint(row.base_url, row.upstream) if shown else None,
    )
