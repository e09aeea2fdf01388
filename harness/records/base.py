"""The base of all tables, and the audit row without which nothing is written.

Times are seconds since the Unix epoch (UTC); bits are millionths of a bit, rounded up.
"""

from dataclasses import dataclass

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

# Named constraints, so that migrations on SQLite and PostgreSQL speak of the same things.
_NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Mutable state in SQL; signed documents are stored as their exact bytes."""

    metadata = MetaData(naming_convention=_NAMES)


@dataclass(frozen=True, slots=True)
class Act:
    """Who does what, when: a required argument of every function that writes."""

    actor: str
    action: str
    at: float
