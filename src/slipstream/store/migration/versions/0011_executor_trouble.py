"""Let a scheduler say what keeps its executors from working."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from slipstream.store.migration import present

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if not present.has_column("job", "trouble"):
        op.add_column("job", sa.Column("trouble", sa.Text))


def downgrade() -> None:
    op.drop_column("job", "trouble")
