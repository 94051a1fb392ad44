"""Providers and plugins that are installed."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict


class ProviderResponse(TypedDict):
    package_name: str
    description: str
    version: str
    documentation_url: str | None


class ProviderCollectionResponse(TypedDict):
    providers: list[ProviderResponse]
    total_entries: int


class PluginResponse(TypedDict):
    """A plugin; its parts are told by name, or as they are where they are data."""

    name: str
    macros: list[str]
    flask_blueprints: list[str]
    fastapi_apps: list[dict[str, Any]]
    fastapi_root_middlewares: list[dict[str, Any]]
    external_views: list[dict[str, Any]]
    react_apps: list[dict[str, Any]]
    appbuilder_views: list[dict[str, Any]]
    appbuilder_menu_items: list[dict[str, Any]]
    global_operator_extra_links: list[str]
    operator_extra_links: list[str]
    source: str
    listeners: list[str]
    timetables: list[str]


class PluginCollectionResponse(TypedDict):
    plugins: list[PluginResponse]
    total_entries: int


class PluginImportErrorResponse(TypedDict):
    source: str
    error: str


class PluginImportErrorCollectionResponse(TypedDict):
    import_errors: list[PluginImportErrorResponse]
    total_entries: int
