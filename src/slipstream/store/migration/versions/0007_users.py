"""Keep users, their roles with permissions, and their logins."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from slipstream.store.migration import present

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _exact(length: int) -> Any:
    return sa.String(length).with_variant(
        mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin"), "mysql"
    )


Uuid7 = sa.String(36).with_variant(
    mysql.VARCHAR(36, charset="ascii", collation="ascii_bin"), "mysql"
)
Pk = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Timestamp = (
    sa.DateTime()
    .with_variant(sa.DateTime(timezone=True), "postgresql")
    .with_variant(mysql.DATETIME(fsp=6), "mysql")
)


def create_table(name: str, *items: Any) -> None:
    if not present.has_table(name):
        op.create_table(name, *items, mysql_engine="InnoDB", mysql_charset="utf8mb4")


def create_index(name: str, table: str, columns: list[str]) -> None:
    if not present.has_index(table, name):
        op.create_index(name, table, columns)


def upgrade() -> None:
    create_table(
        "auth_user",
        sa.Column("id", Pk, autoincrement=True, nullable=False),
        sa.Column("username", _exact(250), nullable=False),
        sa.Column("email", _exact(250), nullable=False),
        sa.Column("first_name", sa.String(250), nullable=False),
        sa.Column("last_name", sa.String(250), nullable=False),
        sa.Column("password_hash", sa.String(250)),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("changed_at", Timestamp, nullable=False),
        sa.Column("last_login_at", Timestamp),
        sa.Column("login_count", sa.Integer(), nullable=False),
        sa.Column("fail_login_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_auth_user"),
        sa.UniqueConstraint("username", name="uq_auth_user_username"),
        sa.UniqueConstraint("email", name="uq_auth_user_email"),
    )
    create_table(
        "auth_role",
        sa.Column("id", Pk, autoincrement=True, nullable=False),
        sa.Column("name", _exact(250), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_auth_role"),
        sa.UniqueConstraint("name", name="uq_auth_role_name"),
    )
    create_table(
        "auth_role_permission",
        sa.Column("role_id", Pk, nullable=False),
        sa.Column("action", _exact(50), nullable=False),
        sa.Column("resource", _exact(300), nullable=False),
        sa.ForeignKeyConstraint(
            ["role_id"],
            ["auth_role.id"],
            name="fk_auth_role_permission_role_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("role_id", "action", "resource", name="pk_auth_role_permission"),
    )
    create_index("ix_auth_role_permission_resource", "auth_role_permission", ["resource"])
    create_table(
        "auth_user_role",
        sa.Column("user_id", Pk, nullable=False),
        sa.Column("role_id", Pk, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["auth_user.id"], name="fk_auth_user_role_user_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["role_id"], ["auth_role.id"], name="fk_auth_user_role_role_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "role_id", name="pk_auth_user_role"),
    )
    create_index("ix_auth_user_role_role_id", "auth_user_role", ["role_id"])
    create_table(
        "auth_session",
        sa.Column("id", Uuid7, nullable=False),
        sa.Column("user_id", Pk, nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("expires_at", Timestamp, nullable=False),
        sa.Column("address", sa.String(100)),
        sa.Column("agent", sa.String(250)),
        sa.ForeignKeyConstraint(
            ["user_id"], ["auth_user.id"], name="fk_auth_session_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_auth_session"),
    )
    create_index("ix_auth_session_user_id", "auth_session", ["user_id"])
    create_index("ix_auth_session_expires_at", "auth_session", ["expires_at"])


def downgrade() -> None:
    for name in (
        *("auth_session", "auth_user_role", "auth_role_permission", "auth_role", "auth_user"),
    ):
        op.drop_table(name)
