"""Keep the display names of each DAG version's tasks where lists can be searched by them."""

from __future__ import annotations

import json
import zlib
from typing import Any

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import mysql

from slipstream.store.migration import present

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

Id = sa.String(250).with_variant(
    mysql.VARCHAR(250, charset="utf8mb4", collation="utf8mb4_bin"), "mysql"
)
Uuid7 = sa.String(36).with_variant(
    mysql.VARCHAR(36, charset="ascii", collation="ascii_bin"), "mysql"
)
_AT_A_TIME = 100


def upgrade() -> None:
    if not present.has_table("task_name"):
        op.create_table(
            "task_name",
            sa.Column("dag_version_id", Uuid7, nullable=False),
            sa.Column("task_id", Id, nullable=False),
            sa.Column("display_name", sa.String(2000), nullable=False),
            sa.ForeignKeyConstraint(
                ["dag_version_id"],
                ["dag_version.id"],
                name="fk_task_name_dag_version_id",
                ondelete="CASCADE",
            ),
            sa.PrimaryKeyConstraint("dag_version_id", "task_id", name="pk_task_name"),
            mysql_engine="InnoDB",
            mysql_charset="utf8mb4",
        )
    if not context.is_offline_mode():
        _fill(op.get_bind())


def _fill(conn: sa.Connection) -> None:
    """Read the names of the versions that are there from their specs."""
    names = sa.table("task_name", *map(sa.column, ("dag_version_id", "task_id", "display_name")))
    versions = sa.table("dag_version", sa.column("id"), sa.column("spec"))
    conn.execute(names.delete())
    ids = list(conn.scalars(sa.select(versions.c.id).order_by(versions.c.id)))
    for at in range(0, len(ids), _AT_A_TIME):
        some = versions.c.id.in_(ids[at : at + _AT_A_TIME])
        specs = conn.execute(sa.select(versions.c.id, versions.c.spec).where(some))
        rows = [row for version_id, packed in specs for row in _names(version_id, packed)]
        if rows:
            conn.execute(names.insert(), rows)


def _names(version_id: str, packed: bytes) -> list[dict[str, Any]]:
    tasks = json.loads(zlib.decompress(packed)).get("tasks", [])
    return [
        {
            "dag_version_id": version_id,
            "task_id": task["task_id"],
            "display_name": task["display_name"].replace("\x00", "\ufffd")[:2000],
        }
        for task in tasks
        if task.get("display_name")
    ]


def downgrade() -> None:
    op.drop_table("task_name")
