"""`/api/v1/runs`, and starting one. An auditor sees the clock, vendor and operator see inside."""

from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel

from harness.services.runs import reserve, view
from web.auth import Program
from web.dependencies import AtDesk
from web.views.api.posting import Posting
from web.views.api.shapes import Asked, Listing, ProtocolId, RunId, to_text

router = APIRouter(tags=["runs"])


class Inside(BaseModel):
    """What vendor and operator see at once."""

    state: str
    category: str | None
    requests: int
    rows: int
    started_at: float | None
    ended_at: float | None


class Run(BaseModel):
    """A run as you see it. Times are seconds since the epoch; `samples` is what it owes.

    The outcome is PENDING until the slot, `expected_by` at the latest.
    """

    id: str
    protocol: str
    ordinal: int
    outcome: str
    reserved_at: float
    expected_by: float
    samples: int
    inside: Inside | None


class WatchedRun(Run):
    """A run with hints why it may be waiting, for those who may look inside."""

    hints: list[str]


@router.get("/runs")
def list_runs(at: AtDesk, actor: Program, asked: Asked) -> Listing[Run]:
    """The runs that you may see, reserved last first."""
    with at.platform.database.read() as session:
        found = view.listed(session, at.platform, actor, asked)
    items = [Run.model_validate(row, from_attributes=True) for row in found.rows]
    return Listing(items=items, next=to_text(found.next))


@router.get("/runs/{run_id}")
def read_run(at: AtDesk, actor: Program, run_id: RunId) -> WatchedRun:
    """One run."""
    with at.platform.database.read() as session:
        seen = view.view(session, at.platform, actor, run_id)
    hints = view.hints(at.platform, seen)
    return WatchedRun(**_run(seen).model_dump(), hints=hints)


@router.post("/protocols/{protocol_id}/runs", status_code=201, response_model=Run)
def start_run(post: Posting, protocol_id: ProtocolId) -> Response:
    """Reserve the next slot of an active protocol; its bits are charged now (auditor)."""
    platform = post.desk.platform

    def change(session: Any) -> Run:
        row = reserve.reserve(session, platform, post.actor, protocol_id)
        return _run(view.view(session, platform, post.actor, row.id))

    return post.once(b"", change)


@router.post("/runs/{run_id}/stop", response_model=Run)
def stop_run(post: Posting, run_id: RunId) -> Response:
    """Stop a run. It counts as an attempt unless nothing of the model's was used."""
    platform = post.desk.platform

    def change(session: Any) -> Run:
        row = view.stop(session, platform, post.actor, run_id)
        return _run(view.view(session, platform, post.actor, row.id))

    return post.once(b"", change, status=200)


def _run(seen: view.View) -> Run:
    return Run.model_validate(seen, from_attributes=True)
