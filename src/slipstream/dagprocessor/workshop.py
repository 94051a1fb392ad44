"""From what must be parsed to what the store says: catalog, parsing processes and writer, joined.

The service decides when to look at files and messages; here it is done. Nothing here waits.
Methods that touch the store raise StoreUnavailable and may be called again.
"""

from __future__ import annotations

import logging
import os
import selectors
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from slipstream.clock import Clock
from slipstream.dagprocessor import output, writer
from slipstream.dagprocessor.catalog import GONE_AFTER_S, Catalog, FileKey, real_paths
from slipstream.dagprocessor.discovery import Scanner, Stamp
from slipstream.dagprocessor.job import NEXT_RUN, QUESTIONS, Answer, Done, Failure, Job
from slipstream.dagprocessor.pool import ParserPool
from slipstream.dagprocessor.settings import Settings
from slipstream.dagprocessor.timer import Timer
from slipstream.dagprocessor.writer import PARSED_BY, Parsed, Writer, Written
from slipstream.errors import StoreUnavailable
from slipstream.store import Connection, Store, dag, dag_file, import_error, run

log = logging.getLogger(__name__)

_BATCH = 64
"""So many parses are written in one transaction."""
_BATCH_AGE_S = 0.25
"""While more are coming, the first parse of a batch waits so long at most."""
_MAX_UNSAVED = 4 * _BATCH


@dataclass(slots=True)
class Report:
    """What was done so far."""

    n_parsed: int = 0
    n_gone: int = 0
    new_versions: set[str] = field(default_factory=set)


class Workshop:
    """All the work of the DAG processor on the bundles in ``roots`` (folder by bundle name)."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: Settings,
        selector: selectors.BaseSelector,
        *,
        roots: dict[str, str],
        watched: Collection[str],
        lookups: Store,
    ) -> None:
        self._store = store
        self._lookups = lookups
        self._clock = clock
        self._settings = settings
        self._roots = roots
        self._watched = tuple(watched)
        self.catalog = Catalog()
        self.report = Report()
        self.linked: dict[str, list[str]] = {}
        """Folders outside of the bundles that links lead to, by bundle name."""
        self._scanners = {
            name: Scanner(root, syntax=settings.ignore_syntax, safe_mode=settings.safe_mode)
            for name, root in roots.items()
        }
        self._pool = ParserPool(
            selector, clock, size=settings.n_parsers, handler=self._answer_request
        )
        self._writer = Writer(
            store,
            clock,
            is_present=self._is_present,
            paused_at_creation=settings.paused_at_creation,
        )
        self._asked: dict[tuple[str, ...], Job] = {}
        """Jobs for DAGs with a timetable of the user's that wait for a process, by key."""
        self._uncomputed: list[str] = []
        """Such DAGs for which there is no job yet."""
        self._again: list[Job] = []
        self._stamps: dict[FileKey, Stamp] = {}
        """Of the files being parsed, as they were before."""
        self._messages: dict[tuple[str, ...], set[int]] = {}
        """Inbox messages that a job answers, by the job's key."""
        self._unsaved: list[Parsed] = []
        self._unsaved_runs: list[Done] = []
        self._answered: set[int] = set()
        self._batch_timer = Timer(clock, _BATCH_AGE_S)

    def open(self, *, others: bool) -> None:
        """Take in what earlier processes did, and look at the files.

        With ``others``, bundles that are not among ours are gone, and their DAGs with them.
        """
        with self._store.read() as conn:
            rows = dag_file.list_all(conn)
            dags = dag.list_all(conn, stale=False)
            errors = import_error.list_all(conn)
        self._writer.load()
        parsed_at = {}
        for row in rows:
            key = FileKey(row.bundle_name, row.relative_fileloc)
            if row.parsed_by == PARSED_BY and row.bundle_name in self._roots:
                self.catalog.remember(key, Stamp(row.mtime, row.size))
                parsed_at[key] = row.last_parsed_at.timestamp()
        known = {FileKey(row.bundle_name, row.relative_fileloc) for row in rows}
        known |= {FileKey(row.bundle_name, row.relative_fileloc) for row in dags}
        if others and (gone := [key for key in known if key.bundle_name not in self._roots]):
            self._writer.remove(gone)
        self.scan()
        for key, at in parsed_at.items():
            if self.catalog.newest_module(key.bundle_name) > at:
                self.catalog.ask(key)
        for error in errors:
            # A package or an option that was missing may be there by now.
            self.catalog.ask(writer.file_key(error.bundle_name, error.filename))
        for each in dags:
            if each.has_custom_timetable and each.next_run_after is None:
                self.ask_next_run(each.dag_id)

    def warm_up(self) -> None:
        """Start the zygote before it is needed."""
        self._pool.start()

    @property
    def zygote_pid(self) -> int | None:
        return self._pool.zygote_pid

    @property
    def n_failed_starts(self) -> int:
        """How many zygotes in a row could not start."""
        return self._pool.n_failed_starts

    @property
    def is_idle(self) -> bool:
        """Whether everything that is known to be due is done and written."""
        unsaved = self._unsaved or self._unsaved_runs or self._answered or self._uncomputed
        return not (self._has_jobs or self._pool.n_running or unsaved)

    def wait_s(self, *, saving: bool) -> float | None:
        """After so many seconds there is something to do without any event; None: nothing is.

        ``saving`` is False while the store is away: then nothing is due for its sake.
        """
        due = [] if (wait := self._pool.wait_s()) is None else [wait]
        if self._can_submit and self._has_jobs:
            due.append(0.0)
        if saving and (self._unsaved or self._unsaved_runs):
            due.append(self._batch_timer.remaining_s)
        if saving and self.catalog.has_missing:
            due.append(GONE_AFTER_S / 2)
        return min(due, default=None)

    @property
    def _has_jobs(self) -> bool:
        return bool(len(self.catalog) or self._asked or self._again)

    @property
    def _can_submit(self) -> bool:
        if self._again and self._pool.n_running:
            return False  # each alone, so that the one that killed the zygote will be known
        return self._pool.n_free > 0 and len(self._unsaved) < _MAX_UNSAVED

    def scan(self, names: Iterable[str] | None = None) -> None:
        """Look at the files of these bundles, or of all, and note what is to do."""
        for name in self._scanners if names is None else names:
            found = self._scanners[name].scan()
            self.linked[name] = found.linked
            newest_first = self._settings.sort_mode == "modified_time"
            self.catalog.compare(name, found, self._clock.monotonic(), newest_first=newest_first)

    def touch(self, paths: Iterable[str]) -> None:
        """Take in that files changed which DAG files may depend on."""
        self.catalog.touch(real_paths(paths))

    def ask_file(self, key: FileKey, message_id: int) -> bool:
        """Have a file parsed for an inbox message; False when there is no such file."""
        if not self.catalog.ask(key):
            return False
        self._messages.setdefault(self._job(key).key, set()).add(message_id)
        return True

    def ask_next_run(
        self, dag_id: str, last: dict[str, str] | None = None, message_id: int | None = None
    ) -> bool:
        """Have the next run of a DAG with a timetable of the user's computed.

        ``last``: the data interval of its newest automated run; read from the store if not
        given. False when no file defines the DAG.
        """
        key = self._writer.owner(dag_id)
        if key is None or key not in self.catalog.files:
            return False
        if last is None:
            with self._store.read() as conn:
                last = _last_interval(conn, dag_id)
        job = self._job(key, kind=NEXT_RUN, dag_id=dag_id, last=last)
        self._asked[job.key] = job
        if message_id is not None:
            self._messages.setdefault(job.key, set()).add(message_id)
        return True

    def ask(
        self, kind: str, dag_id: str, question: dict[str, Any], message_id: int, *, others: bool
    ) -> None:
        """Have a timetable of the user's asked what somebody waits for (``job.QUESTIONS``).

        ``others``: a DAG that no file of ours defines is left to another DAG processor.
        """
        key = self._writer.owner(dag_id)
        if key is None or key not in self.catalog.files:
            if others:
                return
            reason = "No DAG file defines the DAG any more."
            self._writer.answer(question, None, reason, message_id)
            return
        job = self._job(key, kind=kind, dag_id=dag_id, question=question)
        self._asked[job.key] = job
        self._messages[job.key] = {message_id}

    def ask_deleted(self) -> None:
        """Have the files parsed whose DAGs somebody deleted from the store."""
        for name in self._roots:
            for key in self._writer.missing(name):
                self.catalog.ask(key)

    def has_message(self, message_id: int) -> bool:
        """Say whether a job answers this inbox message, or it is about to be deleted."""
        return message_id in self._answered or any(
            message_id in ids for ids in self._messages.values()
        )

    def forget_message(self, message_id: int) -> None:
        """Have an inbox message deleted that asks for what there is not."""
        self._answered.add(message_id)

    def work(self) -> None:
        """Give jobs to free processes, and take in what others have answered."""
        if self._has_jobs:
            self._pool.start()
        self._pool.tick()
        self._again += self._pool.take_lost()
        self._take()
        while self._can_submit:
            job = self._next_job()
            if job is None:
                break
            self._pool.submit(job)

    def save(self, *, drain: bool = False) -> None:
        """Write what is ready; with ``drain``, all there is."""
        if gone := self.catalog.gone(self._clock.monotonic(), at_once=drain):
            self._follow(self._writer.remove(gone))
            self.catalog.forget(gone)
            self.report.n_gone += len(gone)
        is_last = not (self._pool.n_running or len(self.catalog))
        if drain or is_last or len(self._unsaved) >= _BATCH or not self._batch_timer.remaining_s:
            self._save_parsed()
        while self._uncomputed:
            self.ask_next_run(self._uncomputed[-1])
            self._uncomputed.pop()
        for done in list(self._unsaved_runs):
            if done.job.kind in QUESTIONS:
                self._save_reply(done)
            else:
                self._save_next_run(done)
            self._unsaved_runs.remove(done)
        if self._answered:
            self._writer.forget_messages(self._answered)
            self._answered.clear()

    def close(self) -> None:
        """End the parsing processes; what they were at is lost."""
        self._pool.close()

    def _next_job(self) -> Job | None:
        if self._again:
            return self._again.pop()
        if self._asked:
            return self._asked.pop(next(iter(self._asked)))
        key = self.catalog.next()
        if key is None:
            return None
        self._stamps[key] = self.catalog.files[key].stamp
        return self._job(key)

    def _job(self, key: FileKey, **more: Any) -> Job:
        root = self._roots[key.bundle_name]
        return Job(
            bundle_name=key.bundle_name,
            root=root,
            relative_fileloc=key.relative_fileloc,
            path=os.path.join(root, key.relative_fileloc),
            watched=self._watched,
            soft_limit_s=self._settings.soft_limit_s,
            hard_limit_s=self._settings.hard_limit_s,
            memory_limit_mb=self._settings.memory_limit_mb,
            **more,
        )

    def _take(self) -> None:
        for done in self._pool.take():
            output.save(done.job, _with_warnings(done))
            if done.job.kind in (NEXT_RUN, *QUESTIONS):
                self._unsaved_runs.append(done)
                continue
            key = FileKey(done.job.bundle_name, done.job.relative_fileloc)
            answer = done.answer
            self.catalog.done(key, answer.dependencies, answer.is_volatile, self._clock.monotonic())
            stamp = self._stamps.pop(key)
            if key not in self.catalog.files:
                continue  # gone meanwhile
            for failure in answer.failures:
                log.warning("%s: %s", key.relative_fileloc, failure.text.rpartition("\n")[2])
            if not self._unsaved:
                self._batch_timer.restart()
            self._unsaved.append(Parsed(done, stamp, self._clock.now()))

    def _save_parsed(self) -> None:
        if not self._unsaved:
            return
        keys = [p.done.job.key for p in self._unsaved]
        answered = {id for key in keys for id in self._messages.get(key, ())}
        written = self._save_all(self._unsaved, answered)
        for key in keys:
            self._messages.pop(key, None)
        self.report.n_parsed += len(self._unsaved)
        self._unsaved.clear()
        self._follow(written)

    def _save_all(self, parsed: list[Parsed], answered: set[int]) -> Written:
        """Write a batch; when the database refuses one of it, all but that one."""
        try:
            return self._writer.save(parsed, answered)
        except StoreUnavailable:
            raise
        except Exception as e:
            if len(parsed) > 1:
                halves = parsed[: len(parsed) // 2], parsed[len(parsed) // 2 :]
                first, second = (self._save_all(half, answered) for half in halves)
                return first.joined(second)
            log.exception("%s cannot be stored", parsed[0].key.relative_fileloc)
            text = f"The DAGs of this file cannot be stored: {type(e).__name__}: {e}"
            done = replace(parsed[0].done, answer=Answer(failures=[Failure(text=text)]))
            return self._writer.save([replace(parsed[0], done=done)], answered)

    def _follow(self, written: Written) -> None:
        self.report.new_versions |= written.new_versions
        self._uncomputed += written.uncomputed
        for key in written.contested:
            self.catalog.ask(key)

    def _save_next_run(self, done: Done) -> None:
        dag_id = done.job.dag_id or ""
        if self._is_outrun(done.job) and self.ask_next_run(dag_id):
            return
        failure = next(iter(done.answer.failures), None)
        if failure is not None:
            log.error(
                "The timetable of DAG %r failed, so it has no next run: %s", dag_id, failure.text
            )
        key = FileKey(done.job.bundle_name, done.job.relative_fileloc)
        found = writer.next_run(done.answer.next_run)
        answered = self._messages.get(done.job.key, ())
        self._writer.set_next_run(key, dag_id, found, failure, answered)
        self._messages.pop(done.job.key, None)

    def _is_outrun(self, job: Job) -> bool:
        """Say whether a newer run was created while the class was asked what follows an older one.

        What it answered would be a run too many, if its answers depend on when it is asked.
        """
        with self._store.read() as conn:
            newest = _last_interval(conn, job.dag_id or "")
        if newest is None:
            return False
        if job.last is None:
            return True
        return datetime.fromisoformat(newest["end"]) > datetime.fromisoformat(job.last["end"])

    def _save_reply(self, done: Done) -> None:
        job, failure = done.job, next(iter(done.answer.failures), None)
        assert job.question is not None
        error = None
        if failure is not None:
            log.error("The timetable of DAG %r failed: %s", job.dag_id, failure.text)
            where = f" ({job.relative_fileloc}, line {failure.line})" if failure.line else ""
            error = failure.text.rpartition("\n")[2] + where
        for message_id in self._messages.get(job.key, ()):
            self._writer.answer(job.question, done.answer.reply, error, message_id)
        self._messages.pop(job.key, None)

    def _is_present(self, key: FileKey) -> bool:
        known = self.catalog.files.get(key)
        return known is not None and known.missing_since is None

    def _answer_request(self, method: str, params: dict[str, Any]) -> Any:
        # Few files ask, and this brings the command layer along (4 MB).
        from slipstream.worker import request

        return request.answer(self._lookups, self._clock, {}, method, params)


def _last_interval(conn: Connection, dag_id: str) -> dict[str, str] | None:
    row = run.latest_automated(conn, dag_id)
    if row is None or row.data_interval_start is None or row.data_interval_end is None:
        return None
    return {
        "start": row.data_interval_start.isoformat(),
        "end": row.data_interval_end.isoformat(),
    }


def _with_warnings(done: Done) -> bytes:
    return done.output + "".join(f"{w}\n" for w in done.answer.warnings).encode()
