"""Executors by name: ``[core] executor`` to instances.

Classes are imported when they are named, so that nobody pays for an executor that is not used.
"""

from __future__ import annotations

from collections.abc import Callable

from slipstream.errors import ConfigError
from slipstream.executors.base import Executor
from slipstream.executors.host import StartHost, by_exec

_BUILT_IN = {
    "CeleryExecutor": "slipstream.executors.celery.executor:CeleryExecutor",
    "DaskExecutor": "slipstream.executors.dask.executor:DaskExecutor",
    "LocalExecutor": "slipstream.executors.local:LocalExecutor",
    "SequentialExecutor": "slipstream.executors.sequential:SequentialExecutor",
}
_OLD_PATHS = {
    "airflow.executors.celery_executor.CeleryExecutor": "CeleryExecutor",
    "airflow.providers.celery.executors.celery_executor.CeleryExecutor": "CeleryExecutor",
    "airflow.executors.dask_executor.DaskExecutor": "DaskExecutor",
    "airflow.providers.daskexecutor.executors.dask_executor.DaskExecutor": "DaskExecutor",
    "airflow.executors.local_executor.LocalExecutor": "LocalExecutor",
    "airflow.executors.sequential_executor.SequentialExecutor": "SequentialExecutor",
}
_EXTRAS = {"celery": "celery", "kombu": "celery", "distributed": "dask", "dask": "dask"}
"""Modules that come with an extra."""
_NEVER = {
    "KubernetesExecutor": "tasks run in processes of worker hosts here, not in pods",
    "CeleryKubernetesExecutor": "Airflow 3 removed it",
    "LocalKubernetesExecutor": "Airflow 3 removed it",
    "DebugExecutor": "`slipstream dags test` does what it was for",
}


def create(names: str, *, start_host: StartHost = by_exec) -> dict[str, Executor]:
    """Return the executors of a comma-separated list, by name or alias, the first the default.

    ``start_host`` is for those that have worker hosts of their own.
    ``alias:Name`` gives an executor another name for tasks' ``executor=``. Raises ConfigError for
    a name that is unknown, or whose extra is not installed.
    """
    return {key: _class(path)(key, start_host=start_host) for key, path in _paths(names).items()}


def check(names: str) -> None:
    """Raise ConfigError where ``create`` would; import none of them."""
    _paths(names)


def _paths(names: str) -> dict[str, str]:
    """Return the import path of each executor, by name or alias."""
    paths: dict[str, str] = {}
    for key, name, _ in entries(names):
        if key in paths:
            raise ConfigError(f"[core] executor names {key!r} twice: {names!r}")
        paths[key] = _path(name)
    if not paths:
        raise ConfigError(
            f"[core] executor is empty; allowed are {', '.join(_BUILT_IN)} or a list of them"
        )
    return paths


def entries(names: str) -> list[tuple[str, str, str]]:
    """Return, of a comma-separated list: alias or name, name, and the name as it was written."""
    found = []
    for entry in filter(None, (e.strip() for e in names.split(","))):
        alias, _, written = entry.rpartition(":")
        name = plain(written)
        found.append((alias or name, name, written))
    return found


def plain(name: str) -> str:
    """Return the name of an executor of ours that people write as Airflow's import path."""
    return _OLD_PATHS.get(name, name)


def _path(name: str) -> str:
    path = _BUILT_IN.get(name)
    short = name.rpartition(".")[2]
    if path is None and short in _NEVER:
        raise ConfigError(f"[core] executor: there is no {short} ({_NEVER[short]})")
    if path is None:
        raise ConfigError(
            f"[core] executor has the unknown value {name!r}; allowed are {', '.join(_BUILT_IN)}, "
            "alone or with an alias in front (alias:LocalExecutor)"
        )
    return path


def _class(path: str) -> Callable[..., Executor]:
    module_name, _, class_name = path.partition(":")
    # Imported here for the reason that the module's docstring gives.
    try:
        module = __import__(module_name, fromlist=[class_name])
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        raise ConfigError(
            f"[core] executor: {class_name} needs {error.name}, which is not installed: "
            f"pip install 'slipstream-orchestrator[{extra}]'"
        ) from None
    cls: Callable[..., Executor] = getattr(module, class_name)
    return cls
