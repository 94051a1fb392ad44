"""What people set up: connections, variables, pools, the configuration."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict


class ConnectionResponse(TypedDict):
    connection_id: str
    conn_type: str
    description: str | None
    host: str | None
    login: str | None
    schema: str | None
    port: int | None
    password: str | None
    extra: str | None
    team_name: str | None


class ConnectionCollectionResponse(TypedDict):
    connections: list[ConnectionResponse]
    total_entries: int


class ConnectionTestResponse(TypedDict):
    status: bool
    message: str


class VariableResponse(TypedDict):
    key: str
    value: str | None
    description: str | None
    is_encrypted: bool
    team_name: str | None


class VariableCollectionResponse(TypedDict):
    variables: list[VariableResponse]
    total_entries: int


class PoolResponse(TypedDict):
    name: str
    slots: Annotated[int, Field(ge=-1)]
    description: str | None
    include_deferred: bool
    occupied_slots: int
    running_slots: int
    queued_slots: int
    scheduled_slots: int
    open_slots: int
    deferred_slots: int
    team_name: str | None


class PoolCollectionResponse(TypedDict):
    pools: list[PoolResponse]
    total_entries: int


class ConfigOption(TypedDict):
    key: str
    value: str | list[Any]


class ConfigSection(TypedDict):
    name: str
    options: list[ConfigOption]


class Config(TypedDict):
    sections: list[ConfigSection]


class BulkActionResponse(TypedDict):
    """What was done, by key, and what went wrong."""

    success: list[str]
    errors: list[dict[str, Any]]


class BulkResponse(TypedDict):
    """What became of each kind of action that was asked for."""

    create: BulkActionResponse | None
    update: BulkActionResponse | None
    delete: BulkActionResponse | None


class TokenResponse(TypedDict):
    access_token: str
