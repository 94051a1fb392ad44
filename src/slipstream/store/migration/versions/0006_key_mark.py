"""Let services see whether they sign with the same key."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from slipstream.store.migration import present

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if not present.has_column("job", "key_mark"):
        op.add_column("job", sa.Column("key_mark", sa.String(64)))


def downgrade() -> None:
    op.drop_column("job", "key_mark")
