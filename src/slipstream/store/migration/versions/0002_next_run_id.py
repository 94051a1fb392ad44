"""Keep the id that a timetable of the user's gives to the next run."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from slipstream.store.migration import present

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

Id = sa.String(250).with_variant(
    mysql.VARCHAR(250, charset="utf8mb4", collation="utf8mb4_bin"), "mysql"
)


def upgrade() -> None:
    if not present.has_column("dag", "next_run_id"):
        op.add_column("dag", sa.Column("next_run_id", Id))


def downgrade() -> None:
    op.drop_column("dag", "next_run_id")
