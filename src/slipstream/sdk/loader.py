"""Executes a DAG file and gathers the DAGs that it defines.

Used alike by the DAG processor's children and by DAG zygotes. Imposes no limits: who calls this
has a process to lose. A file's own errors are collected, so that the traceback can be shown.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from slipstream.sdk.dag import DAG
from slipstream.sdk.dagcontext import DagContext
from slipstream.sdk.exceptions import AirflowClusterPolicySkipDag, AirflowDagDuplicatedIdException

try:
    # Not by hashlib: that loads OpenSSL, and every mapped megabyte makes each fork slower.
    from _sha1 import sha1  # type: ignore[import-not-found]
except ImportError:
    from hashlib import sha1


@dataclass(slots=True)
class Loaded:
    """What a file gave: DAGs by id, and what went wrong."""

    dags: dict[str, DAG] = field(default_factory=dict)
    errors: list[BaseException] = field(default_factory=list)
    modules: list[ModuleType] = field(default_factory=list)
    threads_started: bool = False
    """The file started threads that still run: forking from this process is unsafe."""


def load_file(path: Path, *, check_schedules: bool = False) -> Loaded:
    """Execute a ``.py`` file, or the modules at the root of a zip, and return the DAGs.

    With ``check_schedules``, ``DAG()`` raises where it is given a schedule that makes none.

    Exceptions of the file are in ``errors``, with their tracebacks. The file's own process-wide
    effects (SystemExit, signals, threads) are the caller's to contain; SystemExit is an error.
    """
    loaded = Loaded()
    threads_before = threading.active_count()
    DagContext.checks_schedules = check_schedules
    if path.suffix != ".py":
        _load_archive(path, loaded)
    else:
        _execute(module_name(path), path, None, loaded)
    loaded.threads_started = threading.active_count() > threads_before
    return loaded


def _load_archive(path: Path, loaded: Loaded) -> None:
    import zipfile  # 10 ms, and few DAGs are in archives

    from slipstream.sdk import heuristic

    try:
        with zipfile.ZipFile(path) as archive:
            names = [i.filename for i in archive.infolist() if "/" not in i.filename]
            members = [
                n
                for n in sorted(names)
                if n.endswith((".py", ".pyc")) and heuristic.may_hold_dags(n, archive)
            ]
    except (OSError, zipfile.BadZipFile) as e:
        loaded.errors.append(e)
        return
    if str(path) not in sys.path:
        sys.path.insert(0, str(path))
    for member in members:
        name = member.rsplit(".", 1)[0]
        if name == "__init__":
            continue
        sys.modules.pop(name, None)
        _execute(name, path, member, loaded)


def module_name(path: Path) -> str:
    """Return a name that no other file's module has."""
    digest = sha1(str(path).encode(), usedforsecurity=False).hexdigest()
    stem = "".join(c if c.isalnum() else "_" for c in path.stem)
    return f"unusual_prefix_{digest}_{stem}"


def _execute(name: str, path: Path, member: str | None, loaded: Loaded) -> None:
    DagContext.reset()
    collected: list[DAG] = []
    DagContext.collected = collected
    try:
        module = _import_member(name) if member else _import_path(name, path)
    except (Exception, SystemExit) as e:
        loaded.errors.append(e)
        return
    finally:
        DagContext.reset()
        DagContext.collected = None
    loaded.modules.append(module)
    fileloc = f"{path}{os.sep}{member}" if member else str(path)
    _gather(module, collected, fileloc, loaded)


class _Uncached(importlib.machinery.SourceFileLoader):
    """Executes what the file says now.

    Compiled files are taken for those of a source with the same size and second, and a file that
    is saved twice within a second has two sources.
    """

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


def _import_path(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path, loader=_Uncached(name, str(path)))
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def _import_member(name: str) -> ModuleType:
    return importlib.import_module(name)


def _gather(module: ModuleType, collected: list[DAG], fileloc: str, loaded: Loaded) -> None:
    """Take the DAGs in the module's globals, and those left by ``with DAG`` and ``@dag``."""
    found: dict[int, DAG] = {}
    for value in (*vars(module).values(), *collected):
        if isinstance(value, DAG):
            found[id(value)] = value
    for dag in found.values():
        dag.fileloc = fileloc
        known = loaded.dags.get(dag.dag_id)
        if known is not None and known is not dag:
            loaded.errors.append(
                AirflowDagDuplicatedIdException(dag.dag_id, fileloc, known.fileloc)
            )
            continue
        try:
            _finish(dag)
        except AirflowClusterPolicySkipDag:
            continue
        except Exception as e:
            loaded.errors.append(e)
            continue
        loaded.dags[dag.dag_id] = dag


def _finish(dag: Any) -> None:
    """Apply cluster policies, once the DAG is whole, and check it."""
    from slipstream.sdk import policy  # reads airflow_local_settings.py, once, when needed

    policy.apply(dag)
    dag.check_cycle()
