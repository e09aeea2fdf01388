"""Organisations, their public keys and the vendors' models."""

from collections.abc import Sequence

from sqlalchemy import Double, ForeignKey, LargeBinary, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from harness.records import audit
from harness.records.base import Act, Base


class Organisation(Base):
    """A vetted party. `owner_group` names who owns it, for conflicts and shared ledgers."""

    __tablename__ = "organisations"

    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    role: Mapped[str] = mapped_column(String(16))
    owner_group: Mapped[str] = mapped_column(String(63), index=True)
    created_at: Mapped[float] = mapped_column(Double)


class OrganisationKey(Base):
    """A public key; valid for log indices in [valid_from, invalid_from)."""

    __tablename__ = "organisation_keys"

    key_id: Mapped[str] = mapped_column(String(71), primary_key=True)
    organisation: Mapped[str] = mapped_column(ForeignKey("organisations.name"), index=True)
    public_pem: Mapped[str] = mapped_column(String(1000))
    valid_from: Mapped[int]
    invalid_from: Mapped[int | None]


class Model(Base):
    """A vendor's endpoint. The credential is stored encrypted and never shown."""

    __tablename__ = "models"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    vendor: Mapped[str] = mapped_column(ForeignKey("organisations.name"), index=True)
    base_url: Mapped[str] = mapped_column(String(500))
    upstream: Mapped[str] = mapped_column(String(200))
    snapshot: Mapped[str] = mapped_column(String(200))
    credential: Mapped[bytes] = mapped_column(LargeBinary)
    price_in: Mapped[int]
    price_out: Mapped[int]
    created_at: Mapped[float] = mapped_column(Double)


def add_organisation(session: Session, row: Organisation, act: Act) -> None:
    """Store a new organisation."""
    session.add(row)
    audit.note(session, act, f"organisation:{row.name}")
    session.flush()


def add_key(session: Session, row: OrganisationKey, act: Act) -> None:
    """Store an organisation's public key."""
    session.add(row)
    audit.note(session, act, f"organisation:{row.organisation}")
    session.flush()


def add_model(session: Session, row: Model, act: Act) -> None:
    """Store a vendor's model."""
    session.add(row)
    audit.note(session, act, f"model:{row.name}")
    session.flush()


def organisation(session: Session, name: str) -> Organisation | None:
    """Find one by its name."""
    return session.get(Organisation, name)


def organisations(session: Session) -> Sequence[Organisation]:
    """All of them, by name."""
    return session.scalars(select(Organisation).order_by(Organisation.name)).all()


def key(session: Session, key_id: str) -> OrganisationKey | None:
    """Find a key by its id."""
    return session.get(OrganisationKey, key_id)


def keys_of(session: Session, name: str) -> Sequence[OrganisationKey]:
    """Every key an organisation ever had, oldest first."""
    return session.scalars(
        select(OrganisationKey)
        .where(OrganisationKey.organisation == name)
        .order_by(OrganisationKey.valid_from, OrganisationKey.key_id)
    ).all()


def model(session: Session, name: str) -> Model | None:
    """Find a model by its public name."""
    return session.get(Model, name)


def models(session: Session) -> Sequence[Model]:
    """All of them, by name."""
    return session.scalars(select(Model).order_by(Model.name)).all()
