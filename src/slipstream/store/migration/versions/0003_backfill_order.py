"""Keep whether a backfill's runs start with the newest date."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A run that was cut short may have added it: MySQL commits each change by itself.
    columns = {c["name"] for c in sa.inspect(op.get_bind()).get_columns("backfill")}
    if "runs_backwards" not in columns:
        op.add_column(
            "backfill",
            sa.Column("runs_backwards", sa.Boolean, nullable=False, server_default=sa.false()),
        )


def downgrade() -> None:
    op.drop_column("backfill", "runs_backwards")
