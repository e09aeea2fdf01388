"""The public log, for anybody: its signed head, its entries, and the proof of each."""

import json
import re
from typing import Final

from fastapi import APIRouter, Request, Response

from harness.documents import envelope
from harness.errors import NotFound
from harness.services.access import PUBLIC
from harness.services.publication import log
from web.auth import MaybeVisit
from web.dependencies import AtDesk
from web.rendering import render
from web.views.api.shapes import to_text
from web.views.pages.lists import Asked
from web.wording import duration

router = APIRouter()

_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,9}")
_KINDS: Final = {
    "suite-submission": "Suite submitted",
    "protocol-proposal": "Protocol proposed",
    "protocol-approval": "Protocol approved by a party",
    "protocol-activation": "Protocol activated",
    "run-start": "Run slot reserved",
    "run-end": "Run ended",
    "run-receipt": "Receipt of a run",
    "run-refund": "Run slot given back",
    "report": "Report released",
    "log-restore": "Log continued from a backup",
}


@router.get("/log")
def read_log(request: Request, at: AtDesk, _: MaybeVisit, asked: Asked) -> Response:
    """The newest head and the entries, newest first."""
    with at.platform.database.read() as session:
        head = log.head(session, at.platform, PUBLIC)
        found = log.entries(session, PUBLIC, asked)
    age = None if head is None else duration(at.platform.clock() - head.grew_at)
    return render(
        request,
        "log.html",
        head=head,
        age=age,
        rows=found.rows,
        kinds=_KINDS,
        older=to_text(found.next),
        first=asked.after is None,
        root=at.platform.trust_root_digest,
    )


@router.get("/log/{index}")
def read_entry(request: Request, at: AtDesk, _: MaybeVisit, index: str) -> Response:
    """One entry with its statement, unless that is withheld, and its proof."""
    if not _INDEX.fullmatch(index):
        raise NotFound("the log has no such entry")
    with at.platform.database.read() as session:
        found = log.entry(session, PUBLIC, int(index))
    return render(
        request,
        "log_entry.html",
        entry=found.entry,
        kind=_KINDS.get(found.entry.kind, found.entry.kind),
        statement=None if found.envelope is None else _statement(found.envelope),
        envelope=None if found.envelope is None else found.envelope.decode(),
        leaf=None if found.leaf is None else found.leaf.decode(),
        proof=[log.to_base64(item) for item in found.proof],
        checkpoint=found.checkpoint,
    )


def _statement(stored: bytes) -> str:
    """What was signed, set out for reading; the signature is over other spacing."""
    payload = json.loads(envelope.parse(stored).payload)
    return json.dumps(payload, indent=2, ensure_ascii=False)
