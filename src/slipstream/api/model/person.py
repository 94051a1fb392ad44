"""Users, roles and logins; users and roles by Flask-AppBuilder's shapes."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from typing_extensions import TypedDict


class Named(TypedDict):
    name: str


class UserResponse(TypedDict):
    username: str
    email: str
    first_name: str
    last_name: str
    roles: list[Named]
    active: bool
    last_login: datetime | None
    login_count: int
    fail_login_count: int
    created_on: datetime
    changed_on: datetime


class UserCollectionResponse(TypedDict):
    users: list[UserResponse]
    total_entries: int


class PermissionResponse(TypedDict):
    action: Named
    resource: Named


class PermissionCollectionResponse(TypedDict):
    actions: list[PermissionResponse]
    total_entries: int


class RoleResponse(TypedDict):
    name: str
    actions: list[PermissionResponse]


class RoleCollectionResponse(TypedDict):
    roles: list[RoleResponse]
    total_entries: int


class LoginSessionResponse(TypedDict):
    """A login of one's own: a browser's, or a token's."""

    id: str
    kind: str
    created_at: datetime
    expires_at: datetime
    address: str | None
    agent: str | None
    is_current: bool


class LoginSessionCollectionResponse(TypedDict):
    sessions: list[LoginSessionResponse]
    total_entries: int


class SessionUser(TypedDict):
    username: str
    first_name: str
    last_name: str
    email: str
    roles: list[str]


class SessionConfig(TypedDict):
    instance_name: str
    version: str
    default_timezone: str
    page_size: int
    test_connection: str
    expose_config: bool
    default_wrap: bool
    prefix: str
    auth: Literal["users", "all_admins"]
    executors: list[str]


class SessionResponse(TypedDict):
    """Who calls, what they may do (pairs of action and resource), and what pages need to know."""

    user: SessionUser
    permissions: list[list[str]]
    config: SessionConfig
