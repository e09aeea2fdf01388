"""Keep the sums of a released run's scores, sealed, for the difference to another run."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kept_sums",
        sa.Column("run", sa.String(16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["runs.id"], name=op.f("fk_kept_sums_run_runs")),
        sa.PrimaryKeyConstraint("run", name=op.f("pk_kept_sums")),
    )
    op.create_index(op.f("ix_kept_sums_until"), "kept_sums", ["until"])


def downgrade() -> None:
    op.drop_table("kept_sums")
