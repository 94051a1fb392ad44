"""People, their roles and their logins.

The names begin with auth_ because "user" and "role" are words of SQL.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table

from slipstream.store.schema.column import (
    Id,
    Pk,
    Resource,
    State,
    UtcDateTime,
    Uuid7,
    Word,
    metadata,
)

auth_user = Table(
    "auth_user",
    metadata,
    Column("id", Pk, primary_key=True, autoincrement=True),
    Column("username", Id, nullable=False, unique=True),
    Column("email", Id, nullable=False, unique=True),
    Column("first_name", String(250), nullable=False, default=""),
    Column("last_name", String(250), nullable=False, default=""),
    Column("password_hash", String(250)),  # NULL: nobody can log in as this user
    Column("is_active", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("last_login_at", UtcDateTime),
    Column("login_count", Integer, nullable=False, default=0),
    Column("fail_login_count", Integer, nullable=False, default=0),
)

auth_role = Table(
    "auth_role",
    metadata,
    Column("id", Pk, primary_key=True, autoincrement=True),
    Column("name", Id, nullable=False, unique=True),
)

auth_role_permission = Table(
    "auth_role_permission",
    metadata,
    Column("role_id", Pk, ForeignKey("auth_role.id", ondelete="CASCADE"), primary_key=True),
    Column("action", Word, primary_key=True),
    Column("resource", Resource, primary_key=True),
    Index("ix_auth_role_permission_resource", "resource"),
)

auth_user_role = Table(
    "auth_user_role",
    metadata,
    Column("user_id", Pk, ForeignKey("auth_user.id", ondelete="CASCADE"), primary_key=True),
    Column("role_id", Pk, ForeignKey("auth_role.id", ondelete="CASCADE"), primary_key=True),
    Index("ix_auth_user_role_role_id", "role_id"),
)

# A login that has not ended: each token names its row, and is worth nothing without it.
auth_session = Table(
    "auth_session",
    metadata,
    Column("id", Uuid7, primary_key=True),
    Column("user_id", Pk, ForeignKey("auth_user.id", ondelete="CASCADE"), nullable=False),
    Column("kind", State, nullable=False),  # browser, token or cli
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("address", String(100)),
    Column("agent", String(250)),
    Index("ix_auth_session_user_id", "user_id"),
    Index("ix_auth_session_expires_at", "expires_at"),
)
