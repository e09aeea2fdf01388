"""`/api/v1` itself: what this service is, and who asks."""

import base64

from fastapi import APIRouter
from pydantic import BaseModel

from harness.services.platform.version import VERSION
from web.auth import Program
from web.dependencies import AtDesk

router = APIRouter(tags=["service"])


class Service(BaseModel):
    """Facts of this service that anybody may know. Pin the trust root from another source."""

    version: str
    operator: str
    log_origin: str
    trust_root: str
    trust_root_digest: str


class Me(BaseModel):
    """Whom the token acts for. `expires_at` is in seconds since the epoch."""

    organisation: str
    role: str
    person: str | None
    scopes: list[str]
    expires_at: float | None


# Its path is the prefix itself, which only the router that has the prefix can serve.
def read_service(at: AtDesk) -> Service:
    """What this service is; `trust_root` is the base64 of the bytes that `assay verify` pins."""
    platform = at.platform
    return Service(
        version=VERSION,
        operator=platform.settings.operator,
        log_origin=platform.settings.log_origin,
        trust_root=base64.b64encode(platform.trust_root).decode(),
        trust_root_digest=platform.trust_root_digest,
    )


@router.get("/me")
def read_me(actor: Program) -> Me:
    """Whom your token acts for, and what it allows."""
    return Me(
        organisation=actor.organisation,
        role=actor.role,
        person=actor.person,
        scopes=sorted(actor.scopes),
        expires_at=actor.until,
    )
