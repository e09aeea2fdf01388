"""Who may: one function, one table, deny by default.

Whether something is allowed *now* is a question of state and is asked elsewhere.
"""

from dataclasses import dataclass
from typing import Final

from harness.errors import NotAllowed, NotFound

READ: Final = "read"
WRITE: Final = "write"
SCOPES: Final = frozenset({READ, WRITE})


@dataclass(frozen=True, slots=True)
class Actor:
    """An organisation that acts, in its role; `person` is who acts for it, where that is known.

    `scopes` is what the actor's token allows: reading only, or reading and writing. `until` is
    when that token expires, in seconds since the epoch; None for somebody in a browser.
    """

    organisation: str
    role: str
    person: str | None = None
    scopes: frozenset[str] = SCOPES
    until: float | None = None

    @property
    def label(self) -> str:
        """Who acts, for the audit trail."""
        return f"{self.organisation}/{self.person}"[:80] if self.person else self.organisation


@dataclass(frozen=True, slots=True)
class Thing:
    """What is acted on: its kind and the organisations that stand in a relation to it.

    `owner` is the one organisation that a thing belongs to whatever its role, like a token.
    """

    kind: str
    auditor: str | None = None
    vendor: str | None = None
    owner: str | None = None


PUBLIC: Final = Actor("", "public", scopes=frozenset({READ}))

_ANY: Final = "any"
_OWN: Final = "own"
_EVERY_PARTY: Final = ("auditor", "vendor", "regulator", "operator")
# Actions that change nothing.
_READING: Final = frozenset({"read", "inspect", "observe"})

# (action, kind) -> role -> any object, or own ones only. What is absent is denied.
_TABLE: Final[dict[tuple[str, str], dict[str, str]]] = {
    ("read", "log"): dict.fromkeys((*_EVERY_PARTY, "public"), _ANY),
    ("add", "organisation"): {"operator": _ANY},
    ("read", "organisation"): {"operator": _ANY, "regulator": _ANY},
    ("add", "person"): {"operator": _ANY},
    ("read", "person"): {"operator": _ANY},
    ("add", "token"): dict.fromkeys(_EVERY_PARTY, _OWN),
    ("read", "token"): dict.fromkeys(_EVERY_PARTY, _OWN),
    ("revoke", "token"): dict.fromkeys(_EVERY_PARTY, _OWN),
    ("add", "model"): {"vendor": _OWN},
    ("read", "model"): dict.fromkeys(_EVERY_PARTY, _ANY),
    ("inspect", "model"): {"vendor": _OWN, "operator": _ANY},
    ("read", "ledger"): {"auditor": _OWN, "vendor": _OWN, "operator": _ANY},
    ("submit", "suite"): {"auditor": _OWN},
    ("read", "suite"): {"auditor": _OWN, "operator": _ANY},
    ("read", "draft"): {"auditor": _OWN},
    ("propose", "protocol"): {"auditor": _OWN},
    ("read", "protocol"): {"auditor": _OWN, "vendor": _OWN, "operator": _ANY, "regulator": _ANY},
    ("sign", "protocol"): {"vendor": _OWN},
    ("start", "run"): {"auditor": _OWN},
    ("read", "run"): {"auditor": _OWN, "vendor": _OWN, "operator": _ANY, "regulator": _ANY},
    ("observe", "run"): {"vendor": _OWN, "operator": _ANY},
    ("stop", "run"): {"auditor": _OWN, "vendor": _OWN, "operator": _ANY},
    ("read", "report"): {"auditor": _OWN, "vendor": _OWN, "operator": _ANY, "regulator": _ANY},
    ("read", "platform"): {"operator": _ANY},
}


def can(actor: Actor, action: str, thing: Thing) -> bool:
    """Whether this actor may do this to this object."""
    if (READ if action in _READING else WRITE) not in actor.scopes:
        return False
    reach = _TABLE.get((action, thing.kind), {}).get(actor.role)
    if reach == _ANY:
        return True
    owner = thing.owner or {"auditor": thing.auditor, "vendor": thing.vendor}.get(actor.role)
    return reach == _OWN and owner == actor.organisation


def check(actor: Actor, action: str, thing: Thing) -> None:
    """Raise NotAllowed unless `can` says yes."""
    if not can(actor, action, thing):
        raise NotAllowed(f"{actor.organisation} ({actor.role}) may not {action} this {thing.kind}")


def reach(actor: Actor, action: str, thing: Thing, called: str) -> None:
    """Raise NotFound for an object that this actor may not know of, else as `check`."""
    if not can(actor, "read", thing):
        raise NotFound(f"no {thing.kind} {called}")
    check(actor, action, thing)


def sees_all(actor: Actor, kind: str) -> bool:
    """Whether this actor may read every object of a kind, not only its own."""
    return READ in actor.scopes and _TABLE.get(("read", kind), {}).get(actor.role) == _ANY


def narrowed(actor: Actor, kind: str) -> dict[str, str] | None:
    """Which column of a kind's rows must be the actor's: {} for all rows, None for none at all."""
    if sees_all(actor, kind):
        return {}
    own = READ in actor.scopes and _TABLE.get(("read", kind), {}).get(actor.role) == _OWN
    return {actor.role: actor.organisation} if own and actor.organisation else None
