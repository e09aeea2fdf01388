"""Check a bundle offline: every claim of a report that a file can prove.

    verify(data, pin) runs every named check and never raises, whatever the bytes.

A check that needs what another one found broken fails with the same reason, so a verdict always
lists all names. docs/verify.md says what each one means and what none of them can show. Nothing
here imports the code that makes documents or releases figures.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import TypeAlias

from harness.tlog import checks_agreement, checks_figures, checks_log, checks_runs
from harness.tlog.chain import Chain
from harness.tlog.errors import TlogError
from harness.tlog.summary import Summary, summarise

UNPINNED_STATUS = 3
FAILED_STATUS = 1

_Named: TypeAlias = tuple[str, Callable[[Chain], str]]

# Those that need nothing from the reader, after the two that come first.
_CHECKS: tuple[_Named, ...] = (
    ("checkpoint-signature", checks_log.signed_head),
    ("inclusion", checks_log.inclusion),
    ("statement-signatures", checks_log.signatures),
    ("keys", checks_log.signers),
    ("report-bytes", checks_agreement.report_bytes),
    ("protocol-bytes", checks_agreement.protocol_bytes),
    ("approvals", checks_agreement.approvals),
    ("activation", checks_agreement.activation),
    ("order", checks_runs.order),
    ("ordinals", checks_runs.ordinals),
    ("shape", checks_figures.shape),
    ("bits", checks_figures.bits),
)


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. `detail` is constant text, a digest or a count, never a bundle's words."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """All findings; `report` is what the bundle says, to be believed only when `passed`."""

    checks: tuple[Check, ...]
    pinned: bool
    report: Summary | None

    @property
    def passed(self) -> bool:
        """Every check holds, and the trust root is the one the reader pinned."""
        return self.pinned and self.consistent

    @property
    def consistent(self) -> bool:
        """Every check holds under the bundle's own trust root, pinned or not."""
        return all(check.ok for check in self.checks)

    @property
    def failures(self) -> tuple[str, ...]:
        """Names of the checks that do not hold."""
        return tuple(check.name for check in self.checks if not check.ok)

    @property
    def exit_status(self) -> int:
        """0 passed, 3 all holds but nothing is pinned, 1 a check failed."""
        if not self.consistent:
            return FAILED_STATUS
        return 0 if self.pinned else UNPINNED_STATUS

    def to_plain(self) -> dict[str, object]:
        """Return plain values for `--json`."""
        return {
            "passed": self.passed,
            "pinned": self.pinned,
            "checks": [asdict(check) for check in self.checks],
            "report": None if self.report is None else asdict(self.report),
        }


def verify(data: bytes, pin: bytes | str | None) -> Verdict:
    """Check a bundle. Never raises.

    `pin` is the trust root's bytes or its `sha256:` digest; None checks everything under the
    bundle's own root and never passes.
    """
    chain = Chain(data)
    named: tuple[_Named, ...] = (
        ("bundle-canonical", checks_log.canonical),
        ("trust-root", partial(checks_log.pinned_root, pin=pin)),
        *_CHECKS,
    )
    checks = tuple(_run(name, check, chain) for name, check in named)
    return Verdict(checks=checks, pinned=pin is not None, report=_summary(chain))


def _run(name: str, check: Callable[[Chain], str], chain: Chain) -> Check:
    try:
        return Check(name, ok=True, detail=check(chain))
    except TlogError as error:
        return Check(name, ok=False, detail=str(error))
    except Exception:  # noqa: BLE001 - fails closed: a fault of ours must not pass for a finding
        return Check(name, ok=False, detail="could not be evaluated")


def _summary(chain: Chain) -> Summary | None:
    try:
        return summarise(chain)
    except Exception:  # noqa: BLE001 - a summary is a courtesy; the checks have spoken
        return None
