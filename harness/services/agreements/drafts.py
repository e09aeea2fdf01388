"""Drafts: the exact bytes of a protocol that their author has not signed yet.

A draft waits on the server so that a person can look at it, take it to the machine where the
key is, and come back with the signatures.
"""

from typing import Final

from sqlalchemy.orm import Session

from harness.documents import canonical
from harness.documents import protocol as protocol_document
from harness.documents.protocol import Protocol
from harness.errors import NotFound
from harness.records import drafts
from harness.records.base import Act
from harness.services import suites
from harness.services.access import Actor, Thing, can, check
from harness.services.agreements import admission, draft
from harness.services.agreements.terms import Terms
from harness.services.platform.opening import Platform

KEPT_S: Final = 7 * 24 * 3600


def make(
    session: Session, platform: Platform, actor: Actor, suite: str, model: str, terms: Terms
) -> drafts.Draft:
    """Draft a protocol over a suite and a model, judge it, and keep it.

    Raises InvalidInput with every problem, NotFound for a suite or model that is not there.
    """
    body, protocol = judged(session, platform, actor, suite, model, terms)
    act = Act(actor.label, "draft protocol", platform.clock())
    row = drafts.Draft(
        id=protocol.identity.id,
        auditor=actor.organisation,
        digest=canonical.digest(body),
        body=body,
        created_at=act.at,
    )
    drafts.add(session, row, act)
    return row


def judged(
    session: Session, platform: Platform, actor: Actor, suite: str, model: str, terms: Terms
) -> tuple[bytes, Protocol]:
    """Draft a protocol and judge it, without keeping it: its bytes, and what they say.

    Raises as `make` does.
    """
    check(actor, "propose", Thing("protocol", auditor=actor.organisation))
    found = suites.find(session, actor, suite)
    body = draft.draft(session, platform, actor, found, model, terms)
    protocol = protocol_document.parse(body)
    admission.judge(session, platform, protocol)
    return body, protocol


def find(session: Session, actor: Actor, draft_id: str) -> drafts.Draft:
    """One of the actor's own drafts. Raises NotFound."""
    row = drafts.get(session, draft_id)
    if row is None or not can(actor, "read", Thing("draft", auditor=row.auditor)):
        raise NotFound(f"no draft {draft_id}; it may have been proposed, or have expired")
    return row


def listed(session: Session, actor: Actor) -> list[drafts.Draft]:
    """The actor's drafts, newest first."""
    if not can(actor, "read", Thing("draft", auditor=actor.organisation)):
        return []
    return list(drafts.by_auditor(session, actor.organisation))


def document(row: drafts.Draft) -> Protocol:
    """The drafted protocol."""
    return protocol_document.parse(row.body)
