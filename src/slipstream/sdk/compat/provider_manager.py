"""``ProvidersManager``: what installed providers declare, under Airflow's names."""

from __future__ import annotations

from typing import Any, NamedTuple

from slipstream.sdk import provider


class ProviderInfo(NamedTuple):
    """An installed provider."""

    version: str
    data: dict[str, Any]


class HookInfo(NamedTuple):
    """A connection type's hook."""

    hook_class_name: str
    connection_type: str


class DialectInfo(NamedTuple):
    """An SQL dialect."""

    name: str
    dialect_class_name: str
    provider_name: str


class ProvidersManager:
    """Reads the installed providers' infos when they are asked for."""

    def initialize_providers_hooks(self) -> None:
        """Nothing to do: hooks are found by need."""

    initialize_providers_list = initialize_providers_hooks
    initialize_providers_configuration = initialize_providers_hooks

    @property
    def providers(self) -> dict[str, Any]:
        return {
            name: ProviderInfo(version=info.get("version", ""), data=info)
            for name, info in sorted(provider.provider_infos().items())
        }

    @property
    def hooks(self) -> dict[str, Any]:
        return {
            kind: HookInfo(hook_class_name=path, connection_type=kind)
            for kind, path in provider.hook_classes().items()
        }

    @property
    def taskflow_decorators(self) -> dict[str, str]:
        return provider.task_decorators()

    @property
    def dialects(self) -> dict[str, Any]:
        return {
            d["dialect-type"]: DialectInfo(d["dialect-type"], d["dialect-class-name"], name)
            for name, info in provider.provider_infos().items()
            for d in info.get("dialects", ())
        }

    @property
    def asset_uri_handlers(self) -> dict[str, Any]:
        return {}

    @property
    def asset_factories(self) -> dict[str, Any]:
        return {}


def providers_configuration_loaded(function: Any) -> Any:
    """Return the function as it is: providers' settings need no loading."""
    return function
