"""Errors of the harness; each speaks to a person and carries a constant code.

    HarnessError
    ├── InvalidInput      what was handed in is wrong; `problems` says where and what to do
    ├── NotFound          no such object, or none that this actor may know of
    ├── NotSignedIn       nobody is signed in, or not any more
    ├── NotAllowed        the actor may not do this at all
    ├── TooManyAttempts   throttled; `retry_after_s` says for how long
    ├── Conflict          allowed, but not in the present state
    │   └── BudgetSpent   a ledger cannot pay for the report that was asked for
    ├── IntegrityError    stored signed bytes no longer match their digest
    └── Unavailable       something Assay needs is not there; the message says which command helps

Text that a guest or a vendor's endpoint chose never enters one.
"""

from collections.abc import Iterable


class HarnessError(Exception):
    """Base of all. `exit_status` is what the command line ends with."""

    code = "error"
    exit_status = 1


class InvalidInput(HarnessError):
    """What was handed in is wrong. Every problem is listed at once."""

    code = "invalid_input"
    exit_status = 2

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class NotFound(HarnessError):
    """No such object, or none that this actor may know of."""

    code = "not_found"
    exit_status = 2


class NotSignedIn(HarnessError):
    """Nobody is signed in, or not any more."""

    code = "not_signed_in"
    exit_status = 2


class TooManyAttempts(HarnessError):
    """Tried too often; nothing was looked at."""

    code = "too_many_attempts"

    def __init__(self, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(f"too many attempts; try again in {retry_after_s} seconds")


class NotAllowed(HarnessError):
    """The actor may not do this."""

    code = "not_allowed"
    exit_status = 2


class Conflict(HarnessError):
    """Allowed in general, but not in the present state."""

    code = "conflict"
    exit_status = 2


class BudgetSpent(Conflict):
    """A ledger cannot pay for the report that was asked for."""

    code = "budget_spent"


class IntegrityError(HarnessError):
    """Stored signed bytes no longer match their digest; nothing may be done with them."""

    code = "integrity"


class Unavailable(HarnessError):
    """Something Assay needs is not there. The message says which command helps."""

    code = "unavailable"
