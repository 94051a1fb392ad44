"""Keep notes of what changed, for the event stream."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from slipstream.store.migration import present

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

Pk = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Id = sa.String(250).with_variant(
    mysql.VARCHAR(250, charset="utf8mb4", collation="utf8mb4_bin"), "mysql"
)


def upgrade() -> None:
    if not present.has_table("change_note"):
        op.create_table(
            "change_note",
            sa.Column("id", Pk, autoincrement=True, nullable=False),
            sa.Column("kind", sa.String(length=20), nullable=False),
            sa.Column("dag_id", Id),
            sa.Column("run_id", Id),
            sa.PrimaryKeyConstraint("id", name="pk_change_note"),
            mysql_engine="InnoDB",
            mysql_charset="utf8mb4",
        )


def downgrade() -> None:
    op.drop_table("change_note")
