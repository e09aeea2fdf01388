"""Charges outlive the records that a restore has lost

Revision ID: 0005
Revises: 0004
"""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    with op.batch_alter_table("ledger", schema=None) as batch_op:
        batch_op.drop_constraint("fk_ledger_model_models", type_="foreignkey")
        batch_op.drop_constraint("fk_ledger_run_runs", type_="foreignkey")


def downgrade() -> None:
    with op.batch_alter_table("ledger", schema=None) as batch_op:
        batch_op.create_foreign_key("fk_ledger_run_runs", "runs", ["run"], ["id"])
        batch_op.create_foreign_key("fk_ledger_model_models", "models", ["model"], ["name"])
