"""Who may: one function, one table, deny by default.

Whether something is allowed *now* is a question of state and is asked elsewhere.
"""

from dataclasses import dataclass
from typing import Final

from harness.errors import NotAllowed


@dataclass(frozen=True, slots=True)
class Actor:
    """An organisation that acts, in its role."""

    organisation: str
    role: str


@dataclass(frozen=True, slots=True)
class Thing:
    """What is acted on: its kind and the organisations that stand in a relation to it."""

    kind: str
    auditor: str | None = None
    vendor: str | None = None


_ANY: Final = "any"
_OWN: Final = "own"

# (action, kind) -> role -> any object, or own ones only. What is absent is denied.
_TABLE: Final[dict[tuple[str, str], dict[str, str]]] = {
    ("add", "organisation"): {"operator": _ANY},
    ("add", "model"): {"vendor": _OWN},
    ("submit", "suite"): {"auditor": _OWN},
    ("read", "suite"): {"auditor": _OWN, "operator": _ANY},
    ("propose", "protocol"): {"auditor": _OWN},
    ("read", "protocol"): {"auditor": _OWN, "vendor": _OWN, "operator": _ANY, "regulator": _ANY},
    ("sign", "protocol"): {"vendor": _OWN},
    ("start", "run"): {"auditor": _OWN},
    ("read", "run"): {"auditor": _OWN, "vendor": _OWN, "operator": _ANY, "regulator": _ANY},
    ("observe", "run"): {"vendor": _OWN, "operator": _ANY},
    ("stop", "run"): {"auditor": _OWN, "vendor": _OWN, "operator": _ANY},
    ("read", "report"): {"auditor": _OWN, "vendor": _OWN, "operator": _ANY, "regulator": _ANY},
}


def can(actor: Actor, action: str, thing: Thing) -> bool:
    """Whether this actor may do this to this object."""
    reach = _TABLE.get((action, thing.kind), {}).get(actor.role)
    if reach == _ANY:
        return True
    owner = {"auditor": thing.auditor, "vendor": thing.vendor}.get(actor.role)
    return reach == _OWN and owner == actor.organisation


def check(actor: Actor, action: str, thing: Thing) -> None:
    """Raise NotAllowed unless `can` says yes."""
    if not can(actor, action, thing):
        raise NotAllowed(f"{actor.organisation} ({actor.role}) may not {action} this {thing.kind}")
