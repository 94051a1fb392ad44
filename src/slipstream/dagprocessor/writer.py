"""What parses gave, into the store: many files in one transaction.

Owns who a DAG id belongs to when two files define it: the file that has it already, while it is
there; the other one gets an import error.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import slipstream
from slipstream.clock import Clock
from slipstream.dagprocessor.catalog import FileKey
from slipstream.dagprocessor.discovery import Stamp
from slipstream.dagprocessor.job import Done, Failure, ParsedDag
from slipstream.store import Connection, Store, dag, dag_file, dag_warning, import_error, inbox
from slipstream.timetable import CUSTOM, DataInterval, NextRun

PARSED_BY = slipstream.__version__

_IN_ARCHIVE = ".zip/"


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file's parse, with what it looked like before."""

    done: Done
    stamp: Stamp
    parsed_at: datetime

    @property
    def key(self) -> FileKey:
        return FileKey(self.done.job.bundle_name, self.done.job.relative_fileloc)


@dataclass(slots=True)
class Written:
    """What a transaction changed."""

    new_versions: set[str] = field(default_factory=set)
    uncomputed: list[str] = field(default_factory=list)
    """DAGs with a timetable of the user's whose next run must be computed."""
    contested: set[FileKey] = field(default_factory=set)
    """Files to parse again: a DAG id that they could not have is free now."""

    def joined(self, other: Written) -> Written:
        """Return both as one."""
        return Written(
            self.new_versions | other.new_versions,
            self.uncomputed + other.uncomputed,
            self.contested | other.contested,
        )


class Writer:
    """Writes results; remembers which file has which DAG id."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        is_present: Callable[[FileKey], bool],
        paused_at_creation: bool,
    ) -> None:
        self._store = store
        self._clock = clock
        self._is_present = is_present
        self._paused_at_creation = paused_at_creation
        self._owners: dict[str, FileKey] = {}
        self._losers: defaultdict[str, set[FileKey]] = defaultdict(set)

    def load(self) -> None:
        """Read which file has which DAG id."""
        with self._store.read() as conn:
            for row in dag.list_all(conn, stale=False):
                self._owners[row.dag_id] = file_key(row.bundle_name, row.relative_fileloc)

    def owner(self, dag_id: str) -> FileKey | None:
        """Return the file that has this DAG id."""
        return self._owners.get(dag_id)

    def save(self, parsed: Sequence[Parsed], answered: Iterable[int] = ()) -> Written:
        """Write the results of parses; delete the inbox messages that asked for some of them."""
        ids = sorted(answered)
        # By path, so that who gets a DAG id does not depend on who was parsed faster.
        ordered = sorted(parsed, key=lambda p: p.key)
        contests = _Contests(dict(self._owners), self._is_present)
        files = [file for p in ordered for file in self._files_of(p, contests)]
        saved = self._store.write(self._save, files, ids)
        if saved.changed:
            self._store.wake("scheduler")
        self._owners = contests.owners
        for dag_id, losers in contests.lost.items():
            self._losers[dag_id] |= losers
        written = Written(new_versions=set(saved.new_version))
        # At every parse: the code of a timetable can change without the DAG's spec changing.
        written.uncomputed = [
            each.spec["dag_id"]
            for p in ordered
            for each in p.done.answer.dags
            if each.spec["timetable"]["type"] == CUSTOM
            and contests.owners.get(each.spec["dag_id"]) == p.key
        ]
        written.contested = self._take_losers(contests.freed)
        return written

    def remove(self, keys: Sequence[FileKey]) -> Written:
        """Take in that files are gone: their DAGs become stale, their errors go."""
        stale = self._store.write(self._remove, keys)
        if stale:
            self._store.wake("scheduler")
        gone = set(keys)
        freed = [dag_id for dag_id, key in self._owners.items() if key in gone]
        for dag_id in freed:
            del self._owners[dag_id]
        return Written(contested=self._take_losers(freed) - gone)

    def set_next_run(
        self,
        key: FileKey,
        dag_id: str,
        run: NextRun | None,
        failure: Failure | None,
        answered: Iterable[int],
    ) -> None:
        """Write when a DAG with a timetable of the user's runs next, or why nobody can say."""
        self._store.write(self._set_next_run, key, dag_id, run, failure, sorted(answered))
        self._store.wake("scheduler")

    def answer(
        self, question: dict[str, Any], found: dict[str, Any] | None, error: str | None, id: int
    ) -> None:
        """Answer a question of ``job.QUESTIONS``, if whoever asked in message ``id`` still waits."""
        self._store.write(self._answer, question["token"], {**(found or {}), "error": error}, id)

    def forget_messages(self, ids: Iterable[int]) -> None:
        """Delete inbox messages that ask for what there is not."""
        self._store.write(inbox.delete, sorted(ids))

    def missing(self, bundle_name: str) -> set[FileKey]:
        """Return files whose DAGs somebody deleted from the store, so that they come back."""
        with self._store.read() as conn:
            present = dag.in_files(conn, bundle_name)
        return {
            key
            for dag_id, key in self._owners.items()
            if key.bundle_name == bundle_name and dag_id not in present
        }

    def _save(self, conn: Connection, files: list[dag.ParsedFile], ids: list[int]) -> dag.Saved:
        now = self._clock.now()
        files = [*files, *_emptied(conn, files)]
        saved = dag.upsert_file(conn, files, now)
        # Of an archive only the file itself is looked at when it is to be parsed again.
        for file in files:
            if _IN_ARCHIVE in file.relative_fileloc:
                dag_file.delete(conn, file.bundle_name, [file.relative_fileloc])
        specs = {each.spec["dag_id"]: each.spec for file in files for each in file.dags}
        dag_warning.check_pools(conn, specs, now)
        inbox.delete(conn, ids)
        return saved

    def _remove(self, conn: Connection, keys: Sequence[FileKey]) -> set[str]:
        now = self._clock.now()
        stale: set[str] = set()
        for bundle_name in {key.bundle_name for key in keys}:
            paths = {key.relative_fileloc for key in keys if key.bundle_name == bundle_name}
            inside = {
                relative
                for relative in dag.in_files(conn, bundle_name).values()
                if file_key(bundle_name, relative).relative_fileloc in paths
            }
            stale |= dag.mark_stale(conn, dag.in_files(conn, bundle_name, paths | inside))
            dag_file.delete(conn, bundle_name, paths | inside)
            import_error.delete(conn, bundle_name, paths | inside)
        for dag_id in sorted(stale):
            inbox.post(conn, target="scheduler", kind="dag_changed", dag_id=dag_id, now=now)
        return stale

    def _set_next_run(
        self,
        conn: Connection,
        key: FileKey,
        dag_id: str,
        run: NextRun | None,
        failure: Failure | None,
        ids: list[int],
    ) -> None:
        dag.set_next_run(conn, dag_id, run)
        now = self._clock.now()
        self._tell_of_timetable(conn, key, dag_id, failure, now)
        inbox.post(conn, target="scheduler", kind="dag_changed", dag_id=dag_id, now=now)
        inbox.delete(conn, ids)

    def _answer(self, conn: Connection, token: str, payload: dict[str, Any], id: int) -> None:
        if inbox.withdraw(conn, id, token):
            inbox.post_answer(conn, token, payload, self._clock.now())

    def _tell_of_timetable(
        self, conn: Connection, key: FileKey, dag_id: str, failure: Failure | None, now: datetime
    ) -> None:
        """Make a timetable's failure an import error of its file; take it back when it works.

        An error that the file has of its own says more, and stays.
        """
        head = f"The timetable of DAG {dag_id!r} failed, so it has no next run:\n"
        known = import_error.of_file(conn, *key)
        if failure is not None and (known is None or known.stacktrace.startswith(head)):
            import_error.put(conn, *key, head + failure.text, now, line=failure.line)
        elif failure is None and known is not None and known.stacktrace.startswith(head):
            import_error.delete(conn, key.bundle_name, [key.relative_fileloc])

    def _files_of(self, parsed: Parsed, contests: _Contests) -> list[dag.ParsedFile]:
        """Return one entry for a plain file; for an archive, one for it and each module in it."""
        done = parsed.done
        errors = [dag.ParsedError(stacktrace=f.text, line=f.line) for f in done.answer.failures]
        modules: defaultdict[str, list[ParsedDag]] = defaultdict(list)
        modules[done.job.relative_fileloc] = []
        for each in done.answer.dags:
            dag_id = each.spec["dag_id"]
            owner = contests.owner_of(dag_id, parsed.key)
            if owner is None:
                modules[each.spec["relative_fileloc"]].append(each)
            else:
                errors.append(dag.ParsedError(stacktrace=_duplicate(dag_id, owner)))
        if not errors:
            contests.release(parsed.key, {each.spec["dag_id"] for each in done.answer.dags})
        return [
            dag.ParsedFile(
                bundle_name=done.job.bundle_name,
                relative_fileloc=relative,
                fileloc=os.path.join(done.job.root, relative),
                mtime=parsed.stamp.mtime,
                size=parsed.stamp.size,
                duration_s=done.answer.duration_s,
                parsed_at=parsed.parsed_at,
                parsed_by=PARSED_BY,
                dags=[self._dag_of(each) for each in dags],
                errors=errors if relative == done.job.relative_fileloc else (),
                source=dags[0].source if dags else None,
            )
            for relative, dags in modules.items()
        ]

    def _dag_of(self, each: ParsedDag) -> dag.ParsedDag:
        return dag.ParsedDag(
            spec=each.spec,
            spec_hash=each.spec_hash,
            is_paused_upon_creation=each.spec.get(
                "is_paused_upon_creation", self._paused_at_creation
            ),
        )

    def _take_losers(self, freed: Iterable[str]) -> set[FileKey]:
        return {key for dag_id in freed for key in self._losers.pop(dag_id, ())}


@dataclass(slots=True)
class _Contests:
    """Who has which DAG id, while a batch is put together."""

    owners: dict[str, FileKey]
    is_present: Callable[[FileKey], bool]
    lost: defaultdict[str, set[FileKey]] = field(default_factory=lambda: defaultdict(set))
    freed: set[str] = field(default_factory=set)

    def owner_of(self, dag_id: str, key: FileKey) -> FileKey | None:
        """Give the id to ``key``, or return the other file that has it."""
        owner = self.owners.get(dag_id, key)
        if owner != key and self.is_present(owner):
            self.lost[dag_id].add(key)
            return owner
        self.owners[dag_id] = key
        return None

    def release(self, key: FileKey, dag_ids: set[str]) -> None:
        """Take in that a file defines only these DAGs now."""
        dropped = [d for d, owner in self.owners.items() if owner == key and d not in dag_ids]
        for dag_id in dropped:
            del self.owners[dag_id]
        self.freed.update(dropped)


def file_key(bundle_name: str, relative_fileloc: str) -> FileKey:
    """Return the file that a DAG is in: for a module in an archive, the archive."""
    head, inside, _ = relative_fileloc.partition(_IN_ARCHIVE)
    return FileKey(bundle_name, f"{head}.zip" if inside else relative_fileloc)


def _emptied(conn: Connection, files: list[dag.ParsedFile]) -> list[dag.ParsedFile]:
    """Return an empty entry for each module that an archive had and has no more."""
    emptied = []
    for file in files:
        if not file.relative_fileloc.endswith(".zip") or file.errors:
            continue
        known = set(dag.in_files(conn, file.bundle_name).values())
        for relative in known - {f.relative_fileloc for f in files}:
            if relative.startswith(f"{file.relative_fileloc}/"):
                fileloc = f"{file.fileloc}{relative.removeprefix(file.relative_fileloc)}"
                emptied.append(
                    replace(file, relative_fileloc=relative, fileloc=fileloc, dags=(), source=None)
                )
    return emptied


def next_run(answer: dict[str, str] | None) -> NextRun | None:
    """Return the run that a timetable of the user's named."""
    if answer is None:
        return None
    start, end, run_after = (
        datetime.fromisoformat(answer[name]) for name in ("start", "end", "run_after")
    )
    return NextRun(start, DataInterval(start, end), run_after, answer.get("run_id"))


def _duplicate(dag_id: str, owner: FileKey) -> str:
    return (
        f"AirflowDagDuplicatedIdException: the DAG id {dag_id!r} is already taken by "
        f"{owner.relative_fileloc} (bundle {owner.bundle_name}). Give one of the two another id."
    )
