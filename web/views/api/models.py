"""`/api/v1/models`: what vendors offer."""

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from harness.services.parties import catalog, registry
from harness.services.runs import spent
from web.auth import Program
from web.dependencies import AtDesk
from web.views.api.posting import Posting
from web.views.api.shapes import Asked, Body, Line, Listing, ModelName, to_text

router = APIRouter(prefix="/models", tags=["models"])

# Its limits are the service's to hold, which names every problem of a model at once.
Price = Annotated[
    int,
    Field(
        description="Millionths of a US dollar per million tokens.",
        json_schema_extra={"minimum": 0, "maximum": registry.HIGHEST_PRICE},
    ),
]


class Endpoint(BaseModel):
    """Where a model is reached; for its vendor and the operator."""

    base_url: str
    upstream: str


class Model(BaseModel):
    """A vendor's model; `endpoint` is null for those who may not inspect it."""

    name: str
    vendor: str
    snapshot: str
    price_in: int
    price_out: int
    created_at: float
    endpoint: Endpoint | None


class Ledger(BaseModel):
    """One ledger: pair, owner_group or model. Bits are decimals against the usual cap.

    `epsilon` is a pair's too, in epsilon for each record, where reports with noise were charged.
    `holder` is the auditor or the owner group, empty for the model's own; `frees_at` is when the
    oldest charge leaves the window, in seconds since the epoch, null where nothing is charged.
    """

    ledger: str
    holder: str
    spent: str
    cap: int
    left: str
    frees_at: int | None


class NewModel(Body):
    """An endpoint that speaks Chat Completions. The credential is encrypted, never shown."""

    name: Line
    base_url: Annotated[str, Field(max_length=500, description="URL before /chat/completions.")]
    upstream: Annotated[Line, Field(description="The vendor's own identifier of the model.")]
    snapshot: Annotated[Line, Field(description="Which version it is.")]
    credential: Annotated[str, Field(max_length=4096, json_schema_extra={"writeOnly": True})]
    price_in: Price = 0
    price_out: Price = 0


@router.get("")
def list_models(at: AtDesk, actor: Program, asked: Asked) -> Listing[Model]:
    """The models on offer, by name."""
    with at.platform.database.read() as session:
        found = catalog.models(session, actor, asked)
    items = [Model.model_validate(row, from_attributes=True) for row in found.rows]
    return Listing(items=items, next=to_text(found.next))


@router.get("/{name}")
def read_model(at: AtDesk, actor: Program, name: ModelName) -> Model:
    """One model."""
    with at.platform.database.read() as session:
        found = catalog.model(session, actor, name)
    return Model.model_validate(found, from_attributes=True)


@router.get("/{name}/ledger")
def read_ledger(at: AtDesk, actor: Program, name: ModelName) -> list[Ledger]:
    """What reports about a model have cost in 365 days (its vendor, an auditor, the operator)."""
    with at.platform.database.read() as session:
        found = spent.about(session, at.platform, actor, name)
    return [Ledger.model_validate(line, from_attributes=True) for line in found]


@router.post("", status_code=201, response_model=Model)
def add_model(post: Posting, body: NewModel) -> Response:
    """Register a model (vendor)."""

    def change(session: Any) -> Model:
        row = registry.add_model(
            session,
            post.desk.platform,
            post.actor,
            body.name,
            body.base_url,
            body.upstream,
            body.snapshot,
            body.credential,
            body.price_in,
            body.price_out,
        )
        return Model.model_validate(catalog.offer(post.actor, row), from_attributes=True)

    # Without the credential: of it not even a digest is kept in clear.
    return post.once(body.model_dump_json(exclude={"credential"}).encode(), change)
