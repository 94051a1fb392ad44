"""Keep each person's favorite DAGs, and of which type a DAG's timetable is (from its next parse on)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from slipstream.store.migration import present

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

Id = sa.String(250).with_variant(
    mysql.VARCHAR(250, charset="utf8mb4", collation="utf8mb4_bin"), "mysql"
)


def upgrade() -> None:
    if not present.has_table("dag_favorite"):
        op.create_table(
            "dag_favorite",
            sa.Column("user_name", Id, nullable=False),
            sa.Column("dag_id", Id, nullable=False),
            sa.ForeignKeyConstraint(
                ["dag_id"], ["dag.dag_id"], name="fk_dag_favorite_dag_id", ondelete="CASCADE"
            ),
            sa.PrimaryKeyConstraint("user_name", "dag_id", name="pk_dag_favorite"),
            mysql_engine="InnoDB",
            mysql_charset="utf8mb4",
        )
    if not present.has_index("dag_favorite", "ix_dag_favorite_dag_id"):
        op.create_index("ix_dag_favorite_dag_id", "dag_favorite", ["dag_id"])
    if not present.has_column("dag", "timetable_type"):
        op.add_column("dag", sa.Column("timetable_type", sa.String(500)))


def downgrade() -> None:
    op.drop_column("dag", "timetable_type")
    op.drop_table("dag_favorite")
