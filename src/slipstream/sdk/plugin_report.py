"""``python -m slipstream.sdk.plugin_report``: what plugins there are, as JSON, for who must not load them.

Plugins are users' code. The API server shows them, and has them loaded in a process that ends.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from slipstream.sdk.plugin import AirflowPlugin, failures, plugins

_AS_THEY_ARE = (
    *("fastapi_apps", "fastapi_root_middlewares", "external_views", "react_apps"),
    *("appbuilder_views", "appbuilder_menu_items"),
)
_BY_NAME = (
    *("macros", "flask_blueprints", "global_operator_extra_links", "operator_extra_links"),
    *("listeners", "timetables"),
)


def report() -> dict[str, Any]:
    """Return the plugins, and why others could not be loaded, in the REST API's form."""
    found = [_shown(plugin) for plugin in plugins()]
    errors = [{"source": source, "error": error} for source, error in failures().items()]
    return {"plugins": found, "import_errors": errors}


def _shown(plugin: type[AirflowPlugin]) -> dict[str, Any]:
    module = sys.modules.get(plugin.__module__)
    return {
        "name": str(plugin.name),
        **{name: [_name(each) for each in getattr(plugin, name)] for name in _BY_NAME},
        **{
            name: [_plain(each) for each in getattr(plugin, name) if isinstance(each, dict)]
            for name in _AS_THEY_ARE
        },
        "source": str(plugin.source or getattr(module, "__file__", None) or plugin.__module__),
    }


def _name(value: Any) -> str:
    """Return the full name of a class, a function or a module; of another object its class's."""
    if not hasattr(value, "__name__"):
        value = type(value)
    module = getattr(value, "__module__", None)
    own = getattr(value, "__qualname__", value.__name__)
    return f"{module}.{own}" if module else str(own)


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    """Return a part as data; what is an object there is told by its name."""
    return {
        str(k): v if isinstance(v, str | int | float | bool | None) else _name(v)
        for k, v in value.items()
    }


def main() -> None:
    """Print the report alone, whatever plugins print while they are loaded."""
    out, sys.stdout = sys.stdout, sys.stderr
    json.dump(report(), out)


if __name__ == "__main__":
    main()
