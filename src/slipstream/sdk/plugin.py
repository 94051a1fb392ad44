"""Plugins: what files in the plugins folder and installed packages add to the authoring API."""

from __future__ import annotations

import functools
import importlib.util
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

from slipstream.config import conf

log = logging.getLogger(__name__)

ENTRY_POINT_GROUP = "airflow.plugins"


_failures: dict[str, str] = {}


class AirflowPlugin:
    """Base of plugins; ``macros``, ``timetables`` and ``priority_weight_strategies`` count here.

    The other attributes are Airflow's; the API server reads those that concern it.
    """

    name: str | None = None
    source: Any = None
    macros: ClassVar[list[Any]] = []
    admin_views: ClassVar[list[Any]] = []
    flask_blueprints: ClassVar[list[Any]] = []
    fastapi_apps: ClassVar[list[Any]] = []
    fastapi_root_middlewares: ClassVar[list[Any]] = []
    external_views: ClassVar[list[Any]] = []
    react_apps: ClassVar[list[Any]] = []
    menu_links: ClassVar[list[Any]] = []
    appbuilder_views: ClassVar[list[Any]] = []
    appbuilder_menu_items: ClassVar[list[Any]] = []
    global_operator_extra_links: ClassVar[list[Any]] = []
    operator_extra_links: ClassVar[list[Any]] = []
    timetables: ClassVar[list[Any]] = []
    listeners: ClassVar[list[Any]] = []
    hook_lineage_readers: ClassVar[list[Any]] = []
    priority_weight_strategies: ClassVar[list[Any]] = []
    partition_mappers: ClassVar[list[Any]] = []
    windows: ClassVar[list[Any]] = []

    @classmethod
    def validate(cls) -> None:
        """Check that the plugin has a name.

        :raises AirflowPluginException: it has none
        """
        if not cls.name:
            raise AirflowPluginException(
                f"Plugin {cls.__qualname__} has no name: set its class attribute name."
            )

    @classmethod
    def on_load(cls, *args: Any, **kwargs: Any) -> None:
        """Called once when the plugin was loaded."""


class AirflowPluginException(Exception):
    """A plugin cannot be used."""


@functools.cache
def plugins() -> tuple[type[AirflowPlugin], ...]:
    """Return the plugins, loaded once per process; one that fails is logged and left out."""
    found: dict[str, type[AirflowPlugin]] = {}
    for plugin in (*_of_folder(), *_of_packages()):
        try:
            plugin.validate()
            plugin.on_load()
        except Exception as error:
            log.exception("Plugin %r cannot be used", plugin)
            _failures[f"{plugin.__module__}.{plugin.__qualname__}"] = repr(error)
        else:
            found.setdefault(str(plugin.name), plugin)
    return tuple(found.values())


def failures() -> dict[str, str]:
    """Return why plugins were left out, by their file or name."""
    plugins()
    return dict(_failures)


def _of_folder() -> Iterator[type[AirflowPlugin]]:
    folder = Path(conf.get("core", "plugins_folder", fallback="") or conf.home / "plugins")
    if not folder.is_dir():
        return
    for path in sorted(folder.rglob("*.py")):
        if "__pycache__" in path.parts or not _mentions_plugin(path):
            continue
        name = ".".join(path.relative_to(folder).with_suffix("").parts)
        try:
            module = _import(name, path)
        except Exception as error:
            log.exception("Failed to import plugin %s", path)
            _failures[str(path)] = repr(error)
            continue
        yield from _classes(module)


def _mentions_plugin(path: Path) -> bool:
    try:
        return b"AirflowPlugin" in path.read_bytes()
    except OSError:
        return False


def _import(name: str, path: Path) -> Any:
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def _classes(module: Any) -> Iterator[type[AirflowPlugin]]:
    for value in vars(module).values():
        if (
            isinstance(value, type)
            and issubclass(value, AirflowPlugin)
            and value is not AirflowPlugin
        ):
            yield value


def _of_packages() -> Iterator[type[AirflowPlugin]]:
    from importlib.metadata import entry_points  # slow: reads the installed packages

    for entry in entry_points(group=ENTRY_POINT_GROUP):
        try:
            plugin = entry.load()
        except Exception as error:
            log.exception("Failed to import plugin %s", entry.name)
            _failures[entry.value] = repr(error)
            continue
        if isinstance(plugin, type) and issubclass(plugin, AirflowPlugin):
            yield plugin


def macros_of_plugins() -> dict[str, Any]:
    """Return each plugin's macros as a namespace, by the plugin's name."""
    return {
        str(p.name): SimpleNamespace(**{m.__name__: m for m in p.macros})
        for p in plugins()
        if p.macros
    }
