"""API tokens: stored as digests, scoped, expiring."""

from collections.abc import Sequence

from sqlalchemy import Double, ForeignKey, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from harness.records import audit
from harness.records.base import Act, Base


class ApiToken(Base):
    """A token of one person for one organisation. `scopes` are words with spaces between."""

    __tablename__ = "api_tokens"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    person: Mapped[str] = mapped_column(ForeignKey("people.login"), index=True)
    organisation: Mapped[str] = mapped_column(ForeignKey("organisations.name"), index=True)
    scopes: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[float] = mapped_column(Double)
    expires_at: Mapped[float] = mapped_column(Double)
    revoked_at: Mapped[float | None] = mapped_column(Double)


def add(session: Session, row: ApiToken, act: Act) -> None:
    """Store a token's digest."""
    session.add(row)
    audit.note(session, act, f"token:{row.id}")
    session.flush()


def by_digest(session: Session, digest: str) -> ApiToken | None:
    """Find a token by the digest of its secret."""
    return session.scalars(select(ApiToken).where(ApiToken.digest == digest)).first()


def get(session: Session, token_id: str) -> ApiToken | None:
    """Find a token by its id."""
    return session.get(ApiToken, token_id)


def of_person(session: Session, login: str, organisation: str) -> Sequence[ApiToken]:
    """A person's tokens for an organisation that are not revoked, newest first."""
    return session.scalars(
        select(ApiToken)
        .where(
            ApiToken.person == login,
            ApiToken.organisation == organisation,
            ApiToken.revoked_at.is_(None),
        )
        .order_by(ApiToken.created_at.desc(), ApiToken.id)
    ).all()


def revoke(session: Session, token_id: str, act: Act) -> None:
    """End a token. Idempotent."""
    session.execute(
        update(ApiToken)
        .where(ApiToken.id == token_id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=act.at)
    )
    audit.note(session, act, f"token:{token_id}")
