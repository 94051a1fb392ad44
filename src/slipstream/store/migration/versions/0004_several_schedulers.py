"""Let several schedulers share DAGs, pools and the inbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from slipstream.store.migration import present

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

Id = sa.String(250).with_variant(
    mysql.VARCHAR(250, charset="utf8mb4", collation="utf8mb4_bin"), "mysql"
)
Uuid7 = sa.String(36).with_variant(
    mysql.VARCHAR(36, charset="ascii", collation="ascii_bin"), "mysql"
)

Timestamp = (
    sa.DateTime()
    .with_variant(sa.DateTime(timezone=True), "postgresql")
    .with_variant(mysql.DATETIME(fsp=6), "mysql")
)


def upgrade() -> None:
    if not present.has_table("dag_lease"):
        op.create_table(
            "dag_lease",
            sa.Column("dag_id", Id, nullable=False),
            sa.Column("owner", Uuid7),
            sa.PrimaryKeyConstraint("dag_id", name="pk_dag_lease"),
            mysql_engine="InnoDB",
            mysql_charset="utf8mb4",
        )
    if not present.has_index("dag_lease", "ix_dag_lease_owner"):
        op.create_index("ix_dag_lease_owner", "dag_lease", ["owner"])
    if not present.has_table("pool_quota"):
        op.create_table(
            "pool_quota",
            sa.Column("pool", Id, nullable=False),
            sa.Column("owner", Uuid7, nullable=False),
            sa.Column("slots", sa.Integer(), nullable=False),
            sa.Column("wanted", sa.Integer(), nullable=False),
            sa.Column("least", sa.Integer(), nullable=False),
            sa.Column("stuck_since", Timestamp),
            sa.ForeignKeyConstraint(
                ["pool"], ["pool.name"], name="fk_pool_quota_pool", ondelete="CASCADE"
            ),
            sa.PrimaryKeyConstraint("pool", "owner", name="pk_pool_quota"),
            mysql_engine="InnoDB",
            mysql_charset="utf8mb4",
        )
    if not present.has_column("inbox", "recipient"):
        op.add_column("inbox", sa.Column("recipient", Uuid7))


def downgrade() -> None:
    op.drop_column("inbox", "recipient")
    op.drop_table("pool_quota")
    op.drop_table("dag_lease")
