"""`/api/v1/operator`: how the service does; for the operator."""

from fastapi import APIRouter
from pydantic import BaseModel

from harness.services.access import Thing, check
from harness.services.platform import doctor
from web.auth import Program
from web.dependencies import AtDesk

router = APIRouter(prefix="/operator", tags=["operator"])


class Finding(BaseModel):
    """One examined thing; `remedy` is a command or an act, empty when all is well."""

    name: str
    ok: bool
    detail: str
    remedy: str


class Health(BaseModel):
    """What `assay doctor` finds on the machine of this web process."""

    ok: bool
    findings: list[Finding]


@router.get("/health")
def read_health(at: AtDesk, actor: Program) -> Health:
    """Look at everything. Takes seconds when parts are down."""
    check(actor, "read", Thing("platform"))
    found = doctor.examine_open(at.platform)
    findings = [Finding.model_validate(item, from_attributes=True) for item in found]
    return Health(ok=all(item.ok for item in found), findings=findings)
