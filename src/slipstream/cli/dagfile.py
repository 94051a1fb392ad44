"""DAG files for commands that need the DAG itself: find one, execute it here, put it into the store.

The file's code runs in the command's own process, as people expect of ``test`` and ``render``:
breakpoints stop, and what it prints is seen.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import slipstream
from slipstream.cli.store_api import answering
from slipstream.clock import utcnow
from slipstream.config import conf
from slipstream.errors import NotFound, SlipstreamError, UserError
from slipstream.executors import naming
from slipstream.sdk import bundle, loader, serialize, timetables
from slipstream.sdk.dag import DAG
from slipstream.sdk.exceptions import AirflowException
from slipstream.spec import DagSpec
from slipstream.store import Connection, Store, dag, import_error
from slipstream.task.failure import format_error
from slipstream.timetable import DataInterval
from slipstream.timetable.base import to_utc

_SUFFIXES = (".py", ".zip")


class DagFile(NamedTuple):
    path: Path
    bundle_name: str
    relative_fileloc: str
    """Absolute for a file outside of all bundles, which ``bundle.resolve`` takes as it is."""

    @property
    def is_outside(self) -> bool:
        return os.path.isabs(self.relative_fileloc)


def looks_like_file(text: str) -> bool:
    """Tell whether people meant a file rather than a DAG's id."""
    return text.endswith(_SUFFIXES) or os.sep in text


def of_path(text: str) -> DagFile:
    """Return a file by its path, in the bundle that it belongs to; raise NotFound."""
    path = Path(text).expanduser().absolute()
    if not path.is_file():
        raise NotFound(f"There is no file {path}.")
    for name, root in bundle.roots().items():
        if path.is_relative_to(root.absolute()):
            return DagFile(path, name, str(path.relative_to(root.absolute())))
    return DagFile(path, bundle.DAGS_FOLDER, str(path))


def of_dag(store: Store, dag_id: str) -> DagFile:
    """Return the file that defines a DAG; look into the DAG files if it is new. Raise NotFound."""
    from slipstream.cli.lookup import the_dag
    from slipstream.dagprocessor.service import DagProcessor

    with store.read() as conn:
        row = dag.get(conn, dag_id)
    if row is None or row.is_stale:
        DagProcessor(store).parse_once()
        with store.read() as conn:
            _show_import_errors(conn, dag_id)
            row = the_dag(conn, dag_id)
    path = bundle.resolve(row.bundle_name, row.relative_fileloc)
    if not path.is_file():
        raise NotFound(f"The file {path}, which defined DAG {dag_id!r}, is gone.")
    head, archive, inside = row.relative_fileloc.partition(".zip/")
    relative = f"{head}.zip" if archive and inside else row.relative_fileloc
    return DagFile(path, row.bundle_name, relative)


def _show_import_errors(conn: Connection, dag_id: str) -> None:
    """Print the tracebacks of broken files that write the DAG's id; raise UserError if there are any."""
    broken = []
    for error in import_error.list_all(conn):
        path = bundle.resolve(error.bundle_name, error.filename)
        if path.is_file() and dag_id in path.read_text(errors="replace"):
            print(error.stacktrace, file=sys.stderr)
            broken.append(str(path))
    if broken and ((row := dag.get(conn, dag_id)) is None or row.is_stale):
        raise UserError(
            f"DAG {dag_id!r} cannot be found, for {', '.join(broken)} cannot be imported: see above."
        )


def named(store: Store, name: str, path: str | None) -> tuple[DagFile, str | None]:
    """Return the file that people mean by a path or a DAG's id, and the id if they gave one."""
    if path is not None:
        return of_path(path), name
    return (of_path(name), None) if looks_like_file(name) else (of_dag(store, name), name)


def extend_path(file: DagFile) -> None:
    """Let the file import what it can in production, here and in the processes started from now.

    A file that is in no bundle can import its neighbours.
    """
    bundle.extend_sys_path()
    if file.is_outside:
        folder = str(file.path.parent)
        sys.path.insert(0, folder)
        os.environ["PYTHONPATH"] = os.pathsep.join(
            filter(None, (folder, os.environ.get("PYTHONPATH")))
        )


def load(store: Store, file: DagFile) -> dict[str, DAG]:
    """Execute the file and return its DAGs; print the traceback and raise UserError if it fails."""
    with answering(store):
        loaded = loader.load_file(file.path, check_schedules=True)
    for error in loaded.errors:
        print(format_error(error), file=sys.stderr)
    if loaded.errors:
        raise UserError(f"{file.path} cannot be imported: see above.")
    if not loaded.dags:
        raise UserError(f"{file.path} defines no DAG.")
    return loaded.dags


def choose(file: DagFile, dags: dict[str, DAG], dag_id: str | None) -> DAG:
    """Return the DAG that is meant; the only one, if none is named. Raise UserError."""
    if dag_id is None:
        if len(dags) > 1:
            raise UserError(
                f"{file.path} defines {', '.join(sorted(dags))}: say which, with "
                f"`DAG_ID --dagfile-path {file.path}`."
            )
        return next(iter(dags.values()))
    if dag_id not in dags:
        raise NotFound(f"{file.path} defines no DAG {dag_id!r}, only {', '.join(sorted(dags))}.")
    return dags[dag_id]


def register(store: Store, file: DagFile, dags: dict[str, DAG], duration_s: float) -> None:
    """Write the file's DAGs into the store, as the DAG processor would; raise UserError."""
    stat = file.path.stat()
    by_module: dict[str, list[DAG]] = {file.relative_fileloc: []}
    for each in dags.values():
        inside = each.fileloc.removeprefix(f"{file.path}{os.sep}")
        is_module = inside != each.fileloc
        name = f"{file.relative_fileloc}/{inside}" if is_module else file.relative_fileloc
        by_module.setdefault(name, []).append(each)
    files = [
        dag.ParsedFile(
            bundle_name=file.bundle_name,
            relative_fileloc=relative,
            fileloc=str(file.path) + relative.removeprefix(file.relative_fileloc),
            mtime=stat.st_mtime,
            size=stat.st_size,
            duration_s=duration_s,
            parsed_at=utcnow(),
            parsed_by=slipstream.__version__,
            dags=[_parsed(each, relative, file) for each in found],
            source=file.path.read_text(errors="replace") if file.path.suffix == ".py" else None,
        )
        for relative, found in by_module.items()
    ]
    store.write(_save, file, files)
    store.wake("scheduler")


def spec_of(each: DAG, relative_fileloc: str) -> DagSpec:
    """Return the DAG's spec; raise UserError for a DAG that cannot be one (a cycle, bad params)."""
    try:
        spec = serialize.dag_to_spec(each, relative_fileloc)
        naming.settle(spec, conf.get("core", "executor", fallback="LocalExecutor"))
        return spec
    except (AirflowException, SlipstreamError, ValueError, TypeError) as error:
        message = f"DAG {each.dag_id!r} in {each.fileloc} cannot be used: {error}"
        raise UserError(message) from error


def manual_interval(each: DAG, at: datetime) -> DataInterval:
    """Return a manual run's data interval; print the traceback and raise UserError if it fails."""
    try:
        found = timetables.manual_interval(each.timetable, at)
    except Exception as error:
        print(format_error(error), file=sys.stderr)
        raise UserError(f"The timetable of DAG {each.dag_id!r} failed: see above.") from error
    return DataInterval(to_utc(found.start), to_utc(found.end))


def timed_load(store: Store, file: DagFile) -> tuple[dict[str, DAG], float]:
    """Return the file's DAGs and the seconds that its execution took."""
    began = time.monotonic()
    dags = load(store, file)
    return dags, time.monotonic() - began


def _parsed(each: DAG, relative: str, file: DagFile) -> dag.ParsedDag:
    spec = spec_of(each, relative)
    paused = conf.getboolean("core", "dags_are_paused_at_creation")
    return dag.ParsedDag(
        spec=spec,
        spec_hash=serialize.spec_hash(spec),
        # Nobody asked for scheduled runs of a file that is in no bundle.
        is_paused_upon_creation=file.is_outside or spec.get("is_paused_upon_creation", paused),
    )


def _save(conn: Connection, file: DagFile, files: list[dag.ParsedFile]) -> Any:
    for each in files:
        for parsed in each.dags:
            _check_owner(conn, file, parsed.spec["dag_id"])
    return dag.upsert_file(conn, files, utcnow())


def _check_owner(conn: Connection, file: DagFile, dag_id: str) -> None:
    row = dag.get(conn, dag_id)
    if row is None or row.is_stale or row.fileloc.startswith(str(file.path)):
        return
    owner = bundle.resolve(row.bundle_name, row.relative_fileloc)
    if owner.is_file() and not owner.samefile(file.path):
        raise UserError(
            f"DAG {dag_id!r} is already defined by {owner}: give the one in {file.path} another "
            "id, or set AIRFLOW_HOME to another folder for the test."
        )
