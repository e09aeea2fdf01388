"""Agreements as pages show them: a list with its titles, and one with all that hangs on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from harness.disclosure import accountant, bits, privacy
from harness.disclosure.accountant import Account, Caps
from harness.disclosure.preview import Preview
from harness.documents import envelope as dsse
from harness.documents.fields import instant
from harness.documents.protocol import Protocol
from harness.errors import IntegrityError
from harness.paging import Page, Window
from harness.records import log, parties, protocols
from harness.services import states
from harness.services.access import Actor, Thing, can, narrowed
from harness.services.agreements import agree, preview, shape
from harness.services.agreements.turn import Turn, turn
from harness.services.platform.opening import Platform
from harness.services.publication.agreed import Agreed, agreed
from harness.services.runs import reserve, view
from harness.services.runs.view import View

# Proposals that wait for one vendor; more than these stand in the list below them.
_MOST_WAITING: Final = 20
_SIGNED: Final = ("protocol-proposal", "protocol-approval", "protocol-activation")


@dataclass(frozen=True, slots=True)
class Listed:
    """An agreement in a list; `since` is when it came into its state, in seconds."""

    id: str
    state: str
    since: float
    agreed: Agreed
    turn: Turn


@dataclass(frozen=True, slots=True)
class Signature:
    """A signed statement about an agreement; `index` is its place in the log, None before."""

    kind: str
    organisation: str
    role: str
    key_id: str
    index: int | None


@dataclass(frozen=True, slots=True)
class Ledger:
    """A ledger of the last 365 days: spent and the cap, in bits or epsilon, and in millionths."""

    name: str
    spent: str
    left: str
    cap: float
    spent_microbits: int
    unit: str = "bits"


@dataclass(frozen=True, slots=True)
class Overview:
    """An agreement with its signatures, its runs and its ledgers, as one actor may see them.

    `left` counts runs that may still be started, `ordinal` is the number of the next one.
    """

    id: str
    digest: str
    state: str
    since: float
    protocol: Protocol
    preview: Preview
    signatures: tuple[Signature, ...]
    runs: tuple[View, ...]
    ledgers: tuple[Ledger, ...]
    left: int
    ordinal: int
    turn: Turn
    may_sign: bool
    may_start: bool


def listed(session: Session, platform: Platform, actor: Actor, window: Window) -> Page[Listed]:
    """The agreements that the actor may see, changed last first; three queries at most."""
    found = agree.listed(session, actor, window)
    return Page(_rows(session, platform, found.rows), found.next)


def waiting(session: Session, platform: Platform, actor: Actor) -> list[Listed]:
    """Proposals that wait for this vendor's signature, the newest first."""
    own = narrowed(actor, "protocol")
    if actor.role != "vendor" or not own:
        return []
    asked = {**own, "state": states.Protocol.PROPOSED.value}
    found = _rows(session, platform, protocols.listed(session, asked, Window(_MOST_WAITING)).rows)
    return [row for row in found if row.turn.holder == "vendor"]


def over(
    session: Session, platform: Platform, actor: Actor, about: Mapping[str, str], most: int
) -> list[Listed]:
    """The newest agreements over one suite or one model that the actor may see."""
    own = narrowed(actor, "protocol")
    if own is None:
        return []
    found = protocols.listed(session, {**about, **own}, Window(most))
    return _rows(session, platform, found.rows)


def overview(session: Session, platform: Platform, actor: Actor, protocol_id: str) -> Overview:
    """One agreement that the actor may see. Raises NotFound."""
    row = agree.find(session, actor, protocol_id)
    protocol = agree.document(session, row)
    attempts = tuple(view.of_protocol(session, platform, actor, row))
    counted = sum(item.outcome != "REFUNDED" for item in attempts)
    left = max(protocol.budget.runs - counted, 0)
    window_end = instant(protocol.budget.window.end).timestamp()
    whose = turn(row.state, platform.clock(), window_end, left)
    return Overview(
        id=row.id,
        digest=row.digest,
        state=row.state,
        since=row.since,
        protocol=protocol,
        preview=preview.of(protocol),
        signatures=_signatures(session, row),
        runs=attempts,
        ledgers=_ledgers(session, platform, row, shape.caps_of(protocol)),
        left=left,
        ordinal=len(attempts) + 1,
        turn=whose,
        may_sign=whose.holder == "vendor" and can(actor, "sign", agree.thing(row)),
        may_start=row.state == states.Protocol.ACTIVE
        and whose.holder == "auditor"
        and can(actor, "start", Thing("run", auditor=row.auditor, vendor=row.vendor)),
    )


def _rows(session: Session, platform: Platform, rows: Sequence[protocols.Protocol]) -> list[Listed]:
    known = agreed(session, {row.id for row in rows}) if rows else {}
    now = platform.clock()
    return [
        Listed(
            id=row.id,
            state=row.state,
            since=row.since,
            agreed=known[row.id],
            turn=turn(row.state, now, known[row.id].window_end),
        )
        for row in rows
    ]


def _signatures(session: Session, row: protocols.Protocol) -> tuple[Signature, ...]:
    roles = {row.auditor: "auditor", row.vendor: "vendor"}
    return tuple(
        Signature(
            kind=item.kind,
            organisation=item.organisation or "",
            role=roles.get(item.organisation or "", "server"),
            key_id=dsse.parse(item.envelope).key_id,
            index=item.index,
        )
        for kind in _SIGNED
        for item in log.find(session, kind, protocol=row.id)
    )


def _ledgers(
    session: Session, platform: Platform, row: protocols.Protocol, caps: Caps
) -> tuple[Ledger, ...]:
    auditor = parties.organisation(session, row.auditor)
    if auditor is None:
        raise IntegrityError("the protocol's auditor is not registered")
    account = Account(auditor.name, auditor.owner_group, row.model)
    used = accountant.spent(reserve.entries(session, row.model), account, int(platform.clock()))
    return tuple(
        Ledger(
            name=name,
            spent=bits.text(spent),
            left=bits.text(max(cap * bits.MICRO - spent, 0)),
            cap=cap,
            spent_microbits=spent,
        )
        for name, spent, cap in (
            ("pair", used.pair, caps.pair),
            ("owner_group", used.owner_group, caps.owner_group),
            ("model", used.model, caps.model),
        )
    ) + tuple(_epsilon(used.microepsilon, cap) for cap in (caps.microepsilon,) if cap)


def _epsilon(spent: int, cap: int) -> Ledger:
    left = privacy.micro_text(max(cap - spent, 0))
    return Ledger(
        name="epsilon",
        spent=privacy.micro_text(spent),
        left=left,
        cap=float(privacy.micro_text(cap)),
        spent_microbits=spent,
        unit="epsilon",
    )
