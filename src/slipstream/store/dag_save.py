"""Saving what the DAG processor parsed: many files in one transaction.

A DAG gets a new version only when its spec's hash changed. Everything that changed for the
scheduler goes to its inbox in the same transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy import delete as sql_delete

from slipstream.attempt import new_id
from slipstream.spec import DagSpec
from slipstream.store import change, dialect, inbox, role
from slipstream.store.codec import digest, pack, safe_text
from slipstream.store.dialect import Dialect
from slipstream.store.parsed import Keep, ParsedDag, ParsedFile, Saved, next_run_values
from slipstream.store.schema import (
    dag,
    dag_file,
    dag_source,
    dag_tag,
    dag_version,
    dag_warning,
    import_error,
    task_name,
)
from slipstream.timetable import timetable_type

_IDS_PER_QUERY = 500


@dataclass(frozen=True, slots=True)
class _Known:
    is_stale: bool
    is_broken: bool
    version_id: str | None
    spec_hash: str | None
    source_hash: str | None
    version_number: int


def upsert_file(conn: Connection, files: ParsedFile | Iterable[ParsedFile], now: datetime) -> Saved:
    """Save parsed files: DAGs, versions, tags, warnings, sources, import errors, stale marks.

    A DAG that its file no longer defines becomes stale; while the file has an import error, its
    DAGs stay and are marked as broken instead. Wake the scheduler after the commit if
    ``Saved.changed``.
    """
    batch = [files] if isinstance(files, ParsedFile) else list(files)
    db = dialect.of(conn)
    saved = Saved()
    parsed = {
        each.spec["dag_id"]: (each, file) for file in batch for each in file.dags
    }  # of two files with the same dag_id, the later one has it
    known = _known(conn, db, sorted(parsed))
    _save_versions(conn, db, parsed, known, saved, now)
    _save_dags(conn, db, parsed, known, saved, now)
    _save_tags(conn, parsed, saved)
    _save_access(conn, parsed, saved)
    _save_warnings(conn, parsed, now)
    _mark_missing(conn, batch, parsed, saved)
    _save_files(conn, db, batch)
    _save_errors(conn, db, batch)
    for dag_id in sorted(saved.changed):
        inbox.post(conn, target="scheduler", kind="dag_changed", dag_id=dag_id, now=now)
    change.note_dags(conn, saved.changed | saved.healed)
    return saved


def _known(conn: Connection, db: Dialect, dag_ids: list[str]) -> dict[str, _Known]:
    known: dict[str, _Known] = {}
    for at in range(0, len(dag_ids), _IDS_PER_QUERY):
        some = dag_ids[at : at + _IDS_PER_QUERY]
        # Locked in id order: two processors that save the same DAGs number versions in turn.
        locked = db.lock_rows(
            select(dag.c.dag_id).where(dag.c.dag_id.in_(some)).order_by(dag.c.dag_id), of=dag
        )
        conn.execute(locked).all()
        numbers = (
            select(dag_version.c.dag_id, func.max(dag_version.c.version_number).label("n"))
            .where(dag_version.c.dag_id.in_(some))
            .group_by(dag_version.c.dag_id)
            .subquery()
        )
        rows = conn.execute(
            select(
                dag.c.dag_id,
                dag.c.is_stale,
                dag.c.has_import_errors,
                dag_version.c.id,
                dag_version.c.spec_hash,
                dag_version.c.source_hash,
                numbers.c.n,
            )
            .outerjoin(dag_version, dag_version.c.id == dag.c.latest_version_id)
            .outerjoin(numbers, numbers.c.dag_id == dag.c.dag_id)
            .where(dag.c.dag_id.in_(some))
        )
        for dag_id, is_stale, is_broken, version_id, spec_hash, source_hash, number in rows:
            known[dag_id] = _Known(
                is_stale, is_broken, version_id, spec_hash, source_hash, number or 0
            )
    return known


def _save_versions(
    conn: Connection,
    db: Dialect,
    parsed: dict[str, tuple[ParsedDag, ParsedFile]],
    known: dict[str, _Known],
    saved: Saved,
    now: datetime,
) -> None:
    versions: list[dict[str, Any]] = []
    sources: dict[str, str] = {}
    resourced: list[dict[str, Any]] = []
    for dag_id, (each, file) in parsed.items():
        before = known.get(dag_id)
        text = safe_text(file.source)
        source_hash = None if text is None else digest(text)
        if before is None or before.spec_hash != each.spec_hash:
            version_id = new_id()
            saved.new_version[dag_id] = version_id
            versions.append(
                {
                    "id": version_id,
                    "dag_id": dag_id,
                    "version_number": (before.version_number if before else 0) + 1,
                    "spec_hash": each.spec_hash,
                    "spec": pack(each.spec),
                    "source_hash": source_hash,
                    "bundle_name": file.bundle_name,
                    "bundle_version": file.bundle_version,
                    "created_at": now,
                }
            )
        elif source_hash is not None and source_hash != before.source_hash:
            # Only comments or the like changed: as Airflow 3, the version shows the newest source.
            resourced.append({"id": before.version_id, "source_hash": source_hash})
        else:
            continue
        if source_hash is not None and text is not None:
            sources[source_hash] = text
    if sources:
        conn.execute(
            db.insert_missing(dag_source, ("source_hash",)),
            [{"source_hash": key, "content": sources[key]} for key in sorted(sources)],
        )
    if versions:
        conn.execute(insert(dag_version), versions)
    names = [
        {"dag_version_id": version_id, **name}
        for dag_id, version_id in saved.new_version.items()
        for name in task_names(parsed[dag_id][0].spec)
    ]
    if names:
        conn.execute(insert(task_name), names)
    db.update_many(conn, dag_version, ("id",), resourced)


def task_names(spec: DagSpec) -> list[dict[str, Any]]:
    """Return the rows of ``task_name`` that a version with this spec has, less its id."""
    return [
        {"task_id": each["task_id"], "display_name": safe_text(name, 2000)}
        for each in spec["tasks"]
        if (name := each.get("display_name"))
    ]


def _save_dags(
    conn: Connection,
    db: Dialect,
    parsed: dict[str, tuple[ParsedDag, ParsedFile]],
    known: dict[str, _Known],
    saved: Saved,
    now: datetime,
) -> None:
    groups: dict[bool, list[dict[str, Any]]] = defaultdict(list)
    new: list[dict[str, Any]] = []
    for dag_id in sorted(parsed):
        each, file = parsed[dag_id]
        before = known.get(dag_id)
        version_id = saved.new_version.get(dag_id) or (before.version_id if before else None)
        values = {"dag_id": dag_id, **_dag_values(each, file), "latest_version_id": version_id}
        keeps = isinstance(each.next_run, Keep)
        if not isinstance(each.next_run, Keep):
            values |= next_run_values(each.next_run)
        if before is None:
            saved.created.add(dag_id)
            new.append(
                {
                    **next_run_values(None),
                    **values,
                    "is_paused": each.is_paused_upon_creation,
                    "created_at": now,
                }
            )
            continue
        if before.is_stale:
            saved.revived.add(dag_id)
        if before.is_broken and not file.errors:
            saved.healed.add(dag_id)
        if not keeps:
            saved.rescheduled.add(dag_id)
        groups[keeps].append(values)
    if new:
        conn.execute(insert(dag), new)
    for rows in groups.values():
        db.update_many(conn, dag, ("dag_id",), rows)


def _dag_values(each: ParsedDag, file: ParsedFile) -> dict[str, Any]:
    spec = each.spec
    return {
        "display_name": safe_text(spec.get("display_name"), 2000),
        "description": safe_text(spec.get("description")),
        "owners": safe_text(", ".join(spec.get("owners", ())), 2000),
        "is_stale": False,
        "bundle_name": file.bundle_name,
        "bundle_version": file.bundle_version,
        "relative_fileloc": spec["relative_fileloc"],
        "fileloc": file.fileloc,
        "last_parsed_at": file.parsed_at,
        "parse_duration_s": file.duration_s,
        "timetable_type": safe_text(timetable_type(spec["timetable"]), 500),
        "timetable_summary": safe_text(spec.get("timetable_summary")),
        "timetable_description": safe_text(spec.get("timetable_description", ""), 1000),
        "has_custom_timetable": spec["timetable"]["type"] == "custom",
        "max_active_tasks": spec["max_active_tasks"],
        "max_active_runs": spec["max_active_runs"],
        "max_consecutive_failed_dag_runs": spec.get("max_consecutive_failed_dag_runs", 0),
        "has_import_errors": bool(file.errors),
    }


def _save_tags(
    conn: Connection, parsed: dict[str, tuple[ParsedDag, ParsedFile]], saved: Saved
) -> None:
    changed = sorted(saved.new_version)
    if not changed:
        return
    conn.execute(sql_delete(dag_tag).where(dag_tag.c.dag_id.in_(changed)))
    rows = [
        {"dag_id": dag_id, "name": name}
        for dag_id in changed
        for name in sorted(set(parsed[dag_id][0].spec.get("tags", ())))
    ]
    if rows:
        conn.execute(insert(dag_tag), rows)


def _save_access(
    conn: Connection, parsed: dict[str, tuple[ParsedDag, ParsedFile]], saved: Saved
) -> None:
    """Give roles the permissions that a DAG's new version says; one that says nothing keeps all."""
    for dag_id in sorted(saved.new_version):
        access_control = parsed[dag_id][0].spec.get("access_control")
        if access_control is not None:
            role.sync_dag(conn, dag_id, access_control)


def _save_warnings(
    conn: Connection, parsed: dict[str, tuple[ParsedDag, ParsedFile]], now: datetime
) -> None:
    if not parsed:
        return
    conn.execute(sql_delete(dag_warning).where(dag_warning.c.dag_id.in_(sorted(parsed))))
    rows = [
        {
            "dag_id": dag_id,
            "warning_type": warning_type,
            "message": safe_text(message),
            "timestamp": now,
        }
        for dag_id, (each, _) in sorted(parsed.items())
        for warning_type, message in dict(each.warnings).items()
    ]
    if rows:
        conn.execute(insert(dag_warning), rows)


def _mark_missing(
    conn: Connection,
    batch: list[ParsedFile],
    parsed: dict[str, tuple[ParsedDag, ParsedFile]],
    saved: Saved,
) -> None:
    by_bundle: dict[str, dict[str, ParsedFile]] = defaultdict(dict)
    for file in batch:
        by_bundle[file.bundle_name][file.relative_fileloc] = file
    broken: set[str] = set()
    for bundle_name, files in by_bundle.items():
        paths = sorted(files)
        for at in range(0, len(paths), _IDS_PER_QUERY):
            rows = conn.execute(
                select(dag.c.dag_id, dag.c.relative_fileloc).where(
                    dag.c.bundle_name == bundle_name,
                    dag.c.is_stale.is_(False),
                    dag.c.relative_fileloc.in_(paths[at : at + _IDS_PER_QUERY]),
                )
            )
            for dag_id, path in rows:
                if dag_id not in parsed:
                    (broken if files[path].errors else saved.stale).add(dag_id)
    if broken:
        conn.execute(
            update(dag).where(dag.c.dag_id.in_(sorted(broken))).values(has_import_errors=True)
        )
        change.note_dags(conn, broken)
    if saved.stale:
        conn.execute(
            update(dag)
            .where(dag.c.dag_id.in_(sorted(saved.stale)))
            .values(is_stale=True, has_import_errors=False, **next_run_values(None))
        )


def _save_files(conn: Connection, db: Dialect, batch: list[ParsedFile]) -> None:
    rows = {
        (file.bundle_name, digest(file.relative_fileloc)): {
            "relative_fileloc": file.relative_fileloc,
            "mtime": file.mtime,
            "size": file.size,
            "parsed_by": file.parsed_by,
            "last_parsed_at": file.parsed_at,
            "duration_s": file.duration_s,
            "n_dags": len(file.dags),
        }
        for file in batch
    }
    if rows:
        columns = tuple(next(iter(rows.values())))
        conn.execute(
            db.upsert(dag_file, ("bundle_name", "path_hash"), columns),
            [
                {"bundle_name": bundle, "path_hash": path_hash, **rows[bundle, path_hash]}
                for bundle, path_hash in sorted(rows)
            ],
        )


def _save_errors(conn: Connection, db: Dialect, batch: list[ParsedFile]) -> None:
    healthy: dict[str, list[str]] = defaultdict(list)
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for file in batch:
        path_hash = digest(file.relative_fileloc)
        if not file.errors:
            healthy[file.bundle_name].append(path_hash)
            continue
        rows[file.bundle_name, path_hash] = {
            "filename": file.relative_fileloc,
            "line": file.errors[0].line,
            "stacktrace": safe_text("\n".join(e.stacktrace for e in file.errors)),
            "timestamp": file.parsed_at,
        }
    n_healed = 0
    for bundle_name, hashes in healthy.items():
        for at in range(0, len(hashes), _IDS_PER_QUERY):
            healed = conn.execute(
                sql_delete(import_error).where(
                    import_error.c.bundle_name == bundle_name,
                    import_error.c.path_hash.in_(hashes[at : at + _IDS_PER_QUERY]),
                )
            )
            n_healed += healed.rowcount
    if rows:
        conn.execute(
            db.upsert(
                import_error,
                ("bundle_name", "path_hash"),
                ("filename", "line", "stacktrace", "timestamp"),
            ),
            [
                {"bundle_name": bundle, "path_hash": path_hash, **rows[bundle, path_hash]}
                for bundle, path_hash in sorted(rows)
            ],
        )
    if rows or n_healed:
        change.note(conn, "import_errors")
