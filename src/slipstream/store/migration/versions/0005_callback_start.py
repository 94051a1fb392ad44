"""Keep which worker host has started a callback, and when: only one may."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from slipstream.store.migration import present
from slipstream.store.schema import UtcDateTime, Uuid7

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TABLE = "callback_request"


def upgrade() -> None:
    if not present.has_column(_TABLE, "host_id"):
        op.add_column(_TABLE, sa.Column("host_id", Uuid7))
    if not present.has_column(_TABLE, "started_at"):
        op.add_column(_TABLE, sa.Column("started_at", UtcDateTime))


def downgrade() -> None:
    op.drop_column(_TABLE, "started_at")
    op.drop_column(_TABLE, "host_id")
