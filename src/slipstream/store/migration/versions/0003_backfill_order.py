"""Keep whether a backfill's runs start with the newest date."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from slipstream.store.migration import present

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if not present.has_column("backfill", "runs_backwards"):
        op.add_column(
            "backfill",
            sa.Column("runs_backwards", sa.Boolean, nullable=False, server_default=sa.false()),
        )


def downgrade() -> None:
    op.drop_column("backfill", "runs_backwards")
