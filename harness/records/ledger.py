"""The ledgers of the accountant: what each run was charged, and what was given back."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, Double, ForeignKey, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from harness.records import audit
from harness.records.base import Act, Base


class LedgerEntry(Base):
    """One signed amount on one account; a refund is an entry of its own with a minus."""

    __tablename__ = "ledger"

    id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(String(200), index=True)
    run: Mapped[str] = mapped_column(ForeignKey("runs.id"), index=True)
    microbits: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[float] = mapped_column(Double)


class LedgerAccount(Base):
    """A row to lock, so that two charges of one account cannot pass each other."""

    __tablename__ = "ledger_accounts"

    account: Mapped[str] = mapped_column(String(200), primary_key=True)


def lock(session: Session, accounts: Sequence[str]) -> None:
    """Hold the accounts, in a fixed order, until the transaction ends."""
    for account in sorted(accounts):
        if session.get(LedgerAccount, account, with_for_update=True) is None:
            session.add(LedgerAccount(account=account))
            session.flush()


def entries(session: Session, account: str, since: float) -> Sequence[LedgerEntry]:
    """An account's entries from `since` on, oldest first."""
    return session.scalars(
        select(LedgerEntry)
        .where(LedgerEntry.account == account, LedgerEntry.at >= since)
        .order_by(LedgerEntry.at, LedgerEntry.id)
    ).all()


def charged(session: Session, run: str, account: str) -> int:
    """Net microbits a run holds on an account."""
    total = session.scalar(
        select(func.coalesce(func.sum(LedgerEntry.microbits), 0)).where(
            LedgerEntry.run == run, LedgerEntry.account == account
        )
    )
    return int(total or 0)


def post(session: Session, run: str, accounts: Sequence[str], microbits: int, act: Act) -> None:
    """Write one amount on every account of a run."""
    for account in accounts:
        session.add(LedgerEntry(account=account, run=run, microbits=microbits, at=act.at))
    audit.note(session, act, f"run:{run}")
    session.flush()
