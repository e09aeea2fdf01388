"""First tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("action", sa.String(length=80), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_subject"), ["subject"], unique=False)

    op.create_table(
        "documents",
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_documents")),
    )
    op.create_table(
        "images",
        sa.Column("id", sa.String(length=71), nullable=False),
        sa.Column("flavour", sa.String(length=20), nullable=False),
        sa.Column("packages", sa.JSON(), nullable=False),
        sa.Column("added_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_images")),
    )
    op.create_table(
        "log_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_head")),
    )
    op.create_table(
        "organisations",
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("owner_group", sa.String(length=63), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_organisations")),
    )
    with op.batch_alter_table("organisations", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_organisations_owner_group"), ["owner_group"], unique=False
        )

    op.create_table(
        "selftests",
        sa.Column("image", sa.String(length=71), nullable=False),
        sa.Column("host", sa.String(length=80), nullable=False),
        sa.Column("engine", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("image", "host", name=op.f("pk_selftests")),
    )
    op.create_table(
        "statements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pae_digest", sa.String(length=71), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("protocol", sa.String(length=32), nullable=True),
        sa.Column("run", sa.String(length=16), nullable=True),
        sa.Column("organisation", sa.String(length=63), nullable=True),
        sa.Column("withheld", sa.Boolean(), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("verifier", sa.LargeBinary(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=True),
        sa.Column("not_before", sa.Double(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statements")),
        sa.UniqueConstraint("index", name=op.f("uq_statements_index")),
        sa.UniqueConstraint("pae_digest", name=op.f("uq_statements_pae_digest")),
    )
    with op.batch_alter_table("statements", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_statements_kind"), ["kind"], unique=False)
        batch_op.create_index(batch_op.f("ix_statements_protocol"), ["protocol"], unique=False)
        batch_op.create_index(batch_op.f("ix_statements_run"), ["run"], unique=False)

    op.create_table(
        "workers",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_workers")),
    )
    op.create_table(
        "models",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("vendor", sa.String(length=63), nullable=False),
        sa.Column("base_url", sa.String(length=500), nullable=False),
        sa.Column("upstream", sa.String(length=200), nullable=False),
        sa.Column("snapshot", sa.String(length=200), nullable=False),
        sa.Column("credential", sa.LargeBinary(), nullable=False),
        sa.Column("price_in", sa.Integer(), nullable=False),
        sa.Column("price_out", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["vendor"], ["organisations.name"], name=op.f("fk_models_vendor_organisations")
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_models")),
    )
    with op.batch_alter_table("models", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_models_vendor"), ["vendor"], unique=False)

    op.create_table(
        "organisation_keys",
        sa.Column("key_id", sa.String(length=71), nullable=False),
        sa.Column("organisation", sa.String(length=63), nullable=False),
        sa.Column("public_pem", sa.String(length=1000), nullable=False),
        sa.Column("valid_from", sa.Integer(), nullable=False),
        sa.Column("invalid_from", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation"],
            ["organisations.name"],
            name=op.f("fk_organisation_keys_organisation_organisations"),
        ),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_organisation_keys")),
    )
    with op.batch_alter_table("organisation_keys", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_organisation_keys_organisation"), ["organisation"], unique=False
        )

    op.create_table(
        "suites",
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("auditor", sa.String(length=63), nullable=False),
        sa.Column("suite", sa.String(length=32), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("samples", sa.Integer(), nullable=False),
        sa.Column("manifest", sa.LargeBinary(), nullable=False),
        sa.Column("archive", sa.LargeBinary(), nullable=True),
        sa.Column("submitted_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["auditor"], ["organisations.name"], name=op.f("fk_suites_auditor_organisations")
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_suites")),
    )
    with op.batch_alter_table("suites", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_suites_auditor"), ["auditor"], unique=False)

    op.create_table(
        "ledger_locks",
        sa.Column("model", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["model"], ["models.name"], name=op.f("fk_ledger_locks_model_models")
        ),
        sa.PrimaryKeyConstraint("model", name=op.f("pk_ledger_locks")),
    )
    op.create_table(
        "protocols",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.Column("auditor", sa.String(length=63), nullable=False),
        sa.Column("vendor", sa.String(length=63), nullable=False),
        sa.Column("model", sa.String(length=80), nullable=False),
        sa.Column("suite", sa.String(length=71), nullable=False),
        sa.ForeignKeyConstraint(
            ["auditor"], ["organisations.name"], name=op.f("fk_protocols_auditor_organisations")
        ),
        sa.ForeignKeyConstraint(
            ["digest"], ["documents.digest"], name=op.f("fk_protocols_digest_documents")
        ),
        sa.ForeignKeyConstraint(["model"], ["models.name"], name=op.f("fk_protocols_model_models")),
        sa.ForeignKeyConstraint(
            ["suite"], ["suites.digest"], name=op.f("fk_protocols_suite_suites")
        ),
        sa.ForeignKeyConstraint(
            ["vendor"], ["organisations.name"], name=op.f("fk_protocols_vendor_organisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_protocols")),
        sa.UniqueConstraint("digest", name=op.f("uq_protocols_digest")),
    )
    with op.batch_alter_table("protocols", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_protocols_auditor"), ["auditor"], unique=False)
        batch_op.create_index(batch_op.f("ix_protocols_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_protocols_vendor"), ["vendor"], unique=False)

    op.create_table(
        "runs",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("protocol", sa.String(length=32), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("microbits", sa.BigInteger(), nullable=False),
        sa.Column("alphabet", sa.String(length=4000), nullable=False),
        sa.Column("reserved_at", sa.Double(), nullable=False),
        sa.Column("start_by", sa.Double(), nullable=False),
        sa.Column("wall_clock_s", sa.Integer(), nullable=False),
        sa.Column("grid_s", sa.Integer(), nullable=False),
        sa.Column("slot_at", sa.Double(), nullable=True),
        sa.Column("started_at", sa.Double(), nullable=True),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.Column("visible_at", sa.Double(), nullable=True),
        sa.Column("worker", sa.String(length=80), nullable=True),
        sa.Column("worker_slot", sa.Integer(), nullable=True),
        sa.Column("lease_until", sa.Double(), nullable=True),
        sa.Column("stop_by", sa.String(length=63), nullable=True),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("report", sa.String(length=71), nullable=True),
        sa.ForeignKeyConstraint(
            ["protocol"], ["protocols.id"], name=op.f("fk_runs_protocol_protocols")
        ),
        sa.ForeignKeyConstraint(
            ["report"], ["documents.digest"], name=op.f("fk_runs_report_documents")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        sa.UniqueConstraint("protocol", "ordinal", name=op.f("uq_runs_protocol_ordinal")),
    )
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_runs_protocol"), ["protocol"], unique=False)
        batch_op.create_index(batch_op.f("ix_runs_state"), ["state"], unique=False)

    op.create_table(
        "ledger",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("run", sa.String(length=16), nullable=False),
        sa.Column("auditor", sa.String(length=63), nullable=False),
        sa.Column("owner_group", sa.String(length=63), nullable=False),
        sa.Column("model", sa.String(length=80), nullable=False),
        sa.Column("microbits", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["model"], ["models.name"], name=op.f("fk_ledger_model_models")),
        sa.ForeignKeyConstraint(["run"], ["runs.id"], name=op.f("fk_ledger_run_runs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger")),
        sa.UniqueConstraint("run", "kind", name=op.f("uq_ledger_run_kind")),
    )
    with op.batch_alter_table("ledger", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ledger_model"), ["model"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("ledger", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ledger_model"))

    op.drop_table("ledger")
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_runs_state"))
        batch_op.drop_index(batch_op.f("ix_runs_protocol"))

    op.drop_table("runs")
    with op.batch_alter_table("protocols", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_protocols_vendor"))
        batch_op.drop_index(batch_op.f("ix_protocols_state"))
        batch_op.drop_index(batch_op.f("ix_protocols_auditor"))

    op.drop_table("protocols")
    op.drop_table("ledger_locks")
    with op.batch_alter_table("suites", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_suites_auditor"))

    op.drop_table("suites")
    with op.batch_alter_table("organisation_keys", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_organisation_keys_organisation"))

    op.drop_table("organisation_keys")
    with op.batch_alter_table("models", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_models_vendor"))

    op.drop_table("models")
    op.drop_table("workers")
    with op.batch_alter_table("statements", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_statements_run"))
        batch_op.drop_index(batch_op.f("ix_statements_protocol"))
        batch_op.drop_index(batch_op.f("ix_statements_kind"))

    op.drop_table("statements")
    op.drop_table("selftests")
    with op.batch_alter_table("organisations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_organisations_owner_group"))

    op.drop_table("organisations")
    op.drop_table("log_head")
    op.drop_table("images")
    op.drop_table("documents")
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_subject"))

    op.drop_table("audit")
