"""Alembic's entry: the URL comes from the caller, the tables from the records."""

from alembic import context

# Each import registers the tables of its noun.
from harness.records import (  # noqa: F401
    audit,
    drafts,
    kept,
    ledger,
    log,
    parties,
    people,
    platform,
    protocols,
    requests,
    runs,
    suites,
    tokens,
)
from harness.records.base import Base
from harness.records.engines import migration_engine


def main() -> None:
    """Run the migrations in one transaction: one that breaks off leaves nothing behind."""
    engine = migration_engine(context.config.attributes["url"])
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=True,
            transactional_ddl=True,
        )
        with context.begin_transaction():
            context.run_migrations()


main()
