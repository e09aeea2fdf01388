"""Errors of the disclosure room. Every one is a `ValueError` with a constant text.

    DisclosureError
    ├── CellInvalid       a declared metric makes no sense
    ├── NotAdmitted       a protocol breaks admission rules; `problems` lists all of them
    ├── BudgetExceeded    ledgers cannot pay; `exceeded` lists all of them
    ├── LedgerInvalid     the ledger's entries contradict each other
    └── Refused           nothing leaves; `reason` is one of a closed vocabulary

`NotAdmitted` is raised before any output exists and may quote the author's own names. The
others carry nothing that a guest or a vendor could have chosen.
"""

from dataclasses import dataclass
from enum import StrEnum


class DisclosureError(ValueError):
    """Base of all."""


class CellInvalid(DisclosureError):
    """A declared metric makes no sense; the message names the field and the rule."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken admission rule: where, which, and the nearest setting that would pass."""

    field: str
    rule: str
    message: str


class NotAdmitted(DisclosureError):
    """A protocol breaks admission rules. Every problem is listed at once."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(f"{p.field}: {p.message}" for p in problems))


@dataclass(frozen=True, slots=True)
class Exceeded:
    """One ledger that cannot pay. All amounts are microbits; of epsilon, millionths."""

    ledger: str
    spent: int
    cap: int
    asked: int


class BudgetExceeded(DisclosureError):
    """One or more ledgers cannot pay for a report. Every one is listed at once."""

    def __init__(self, exceeded: tuple[Exceeded, ...], message: str) -> None:
        self.exceeded = exceeded
        super().__init__(message)


class LedgerInvalid(DisclosureError):
    """The ledger's entries contradict each other; nothing may be charged against them."""


class Reason(StrEnum):
    """Why the release gate refused. For operator and vendor; an auditor sees FAILED."""

    ROW_COUNT = "row_count"
    ROW_SHAPE = "row_shape"
    ROW_REPEATED = "row_repeated"
    VALUE_TYPE = "value_type"
    VALUE_RANGE = "value_range"
    CELLS_DIFFER = "cells_differ"
    TOTAL_RANGE = "total_range"
    INCOMPLETE = "incomplete"
    DEVIATION = "deviation"
    NOT_CHARGED = "not_charged"
    NOT_NOISED = "not_noised"
    INTERNAL = "internal"


class Refused(DisclosureError):
    """Nothing leaves. The text is the constant reason."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(reason.value)
