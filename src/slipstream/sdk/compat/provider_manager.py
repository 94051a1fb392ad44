"""``ProvidersManager``: what installed providers declare, under Airflow's names."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from slipstream.sdk import provider


class ProvidersManager:
    """Reads the installed providers' infos when they are asked for."""

    def initialize_providers_hooks(self) -> None:
        """Nothing to do: hooks are found by need."""

    initialize_providers_list = initialize_providers_hooks
    initialize_providers_configuration = initialize_providers_hooks

    @property
    def providers(self) -> dict[str, Any]:
        return {
            name: SimpleNamespace(version=info.get("version", ""), data=info)
            for name, info in sorted(provider.provider_infos().items())
        }

    @property
    def hooks(self) -> dict[str, Any]:
        return {
            kind: SimpleNamespace(hook_class_name=path, connection_type=kind)
            for kind, path in provider.hook_classes().items()
        }

    @property
    def taskflow_decorators(self) -> dict[str, str]:
        return provider.task_decorators()

    @property
    def dialects(self) -> dict[str, Any]:
        return {
            d["dialect-type"]: SimpleNamespace(
                name=d["dialect-type"], dialect_class_name=d["dialect-class-name"]
            )
            for info in provider.provider_infos().values()
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
