"""Runs: the list, one run with its progress, and stopping it.

An auditor or a regulator sees the clock until the slot; what happens inside is for the vendor
and the operator. Both read the same pages, from what the services let each of them know.
"""

import re
from typing import Annotated, Final

from fastapi import Depends, Header, Request, Response

from harness.errors import NotFound
from harness.services.access import Thing, check
from harness.services.publication import lists
from harness.services.publication.lists import Attempt
from harness.services.runs import view
from web.auth import MaybeVisit, Visitor
from web.branch import Branch
from web.dependencies import AtDesk, Desk
from web.forms import OwnForm
from web.rendering import render, see_other
from web.views.api.shapes import to_text
from web.views.pages.lists import Asked
from web.wording import duration

router = Branch(prefix="/runs")

_ID: Final = re.compile(r"[0-9a-f]{1,16}")
_ASKED: Final = "?stop=asked"


async def known_id(run_id: str) -> str:
    """A run's id from an address. Raises NotFound for what can be none."""
    if not _ID.fullmatch(run_id):
        raise NotFound("no run with that id")
    return run_id


RunId = Annotated[str, Depends(known_id)]


@router.get("")
def list_runs(request: Request, at: AtDesk, visitor: Visitor, asked: Asked) -> Response:
    """The runs that the reader may see, reserved last first."""
    with at.platform.database.read() as session:
        found = lists.attempts(session, at.platform, visitor.actor, asked)
    return render(
        request,
        "runs.html",
        rows=found.rows,
        older=to_text(found.next),
        first=asked.after is None,
        role=visitor.actor.role,
    )


@router.get("/{run_id}")
def read_run(
    request: Request, at: AtDesk, visitor: Visitor, run_id: RunId, stop: str = ""
) -> Response:
    """One run: its agreement, its times and its progress."""
    found = _attempt(at, visitor, run_id)
    flash = [_said(found)] if stop else []
    return render(request, "run.html", flash=flash, **_progress(at, found))


@router.get("/{run_id}/progress")
def read_progress(
    request: Request,
    at: AtDesk,
    visitor: MaybeVisit,
    run_id: RunId,
    by_script: Annotated[str, Header(alias="HX-Request")] = "",
) -> Response:
    """The part of a run's page that changes; it asks for itself again until there is an outcome."""
    if visitor is None and by_script:
        # A sign-in form in the middle of this page would help nobody.
        return Response(headers={"HX-Redirect": f"/sign-in?next=/runs/{run_id}"})
    if visitor is None:
        return see_other(f"/sign-in?next=/runs/{run_id}")
    return render(request, "run_progress.html", **_progress(at, _attempt(at, visitor, run_id)))


@router.get("/{run_id}/stop")
def ask_stop(request: Request, at: AtDesk, visitor: Visitor, run_id: RunId) -> Response:
    """Ask once, by name, before a run is stopped."""
    found = _attempt(at, visitor, run_id)
    about = Thing("run", auditor=found.agreed.auditor, vendor=found.agreed.vendor)
    check(visitor.actor, "stop", about)
    if not found.may_stop:
        return see_other(f"/runs/{found.seen.id}")
    return render(request, "run_stop.html", run=found)


@router.post("/{run_id}/stop")
def stop(at: AtDesk, visitor: Visitor, run_id: RunId, _: OwnForm) -> Response:
    """Stop a run. The answer is the same whatever the run was doing, if it may not be known."""
    with at.platform.database.write() as session:
        run = view.stop(session, at.platform, visitor.actor, run_id)
    at.settle()
    return see_other(f"/runs/{run.id}{_ASKED}")


def _attempt(at: Desk, visitor: Visitor, run_id: str) -> Attempt:
    with at.platform.database.read() as session:
        return lists.attempt(session, at.platform, visitor.actor, run_id)


def _progress(at: Desk, found: Attempt) -> dict[str, object]:
    """What page and partial show of a run's course, at this moment of the clock."""
    seen = found.seen
    whole = max(seen.expected_by - seen.reserved_at, 1.0)
    gone = min(max(at.platform.clock() - seen.reserved_at, 0.0), whole)
    return {
        "run": found,
        "over": seen.outcome != "PENDING",
        "gone": int(gone),
        "whole": int(whole),
        "elapsed": f"{duration(gone)} of at most {duration(whole)}",
        "hints": [hint[:1].upper() + hint[1:] for hint in view.hints(at.platform, seen)],
    }


def _said(found: Attempt) -> tuple[str, str]:
    if found.seen.inside is None:
        return "info", (
            "Your stop was sent. Whatever the run was doing then, "
            "its outcome is shown at its slot, and nothing before."
        )
    return "info", (
        "The run is asked to stop: within about two seconds the gateway lets no call pass any "
        "more. The others see the outcome at the slot."
    )
