"""What hosts report: starts, finishes, callbacks and heartbeats, a batch in one transaction.

Each item shows its own attempt's token and is taken or refused by itself. The hot path: a batch is
a few statements, however many items it has, and nothing here is done twice.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from fastapi import APIRouter
from starlette.responses import Response

from slipstream.api.execution import model
from slipstream.api.execution.access import ForHost, Parts, Server
from slipstream.api.reply import Json
from slipstream.attempt import Outcome
from slipstream.errors import StoreUnavailable
from slipstream.state import TaskInstanceState
from slipstream.store import Connection, inbox, remote
from slipstream.store.attempt import UnstorableOutcome
from slipstream.store.later import Later
from slipstream.store.remote import Place
from slipstream.token import (
    FINISH_GRACE_S,
    HOST_LIFETIME_S,
    ExpiredToken,
    Grant,
    InvalidToken,
    Scope,
)
from slipstream.worker import commit as worker_commit
from slipstream.worker.task_api import Batch, CallbackEnd, Committed, Start

log = logging.getLogger(__name__)

router = APIRouter(tags=["Attempts"])


@router.post("/commit", response_model=model.CommitAnswer, summary="Report what has happened")
def commit(body: model.Commit, host: ForHost, server: Server) -> Response:
    """Take a host's starts, finishes, callbacks and heartbeat in one transaction.

    Sending the same batch again is safe: what counted the first time counts as the same.
    """
    now = server.clock.now()
    message = _Message(server, now)
    message.read(body)
    committed = _write(server, host, message, now)
    if committed.finished or message.batch.callbacks or message.expired:
        server.waker.now(message.topics)
    elif committed.started:
        server.waker.soon(message.topics)
    return Json(
        {
            "started": list(committed.started),
            "finished": list(committed.finished),
            "refused": message.refused,
            "tokens": message.run_tokens(committed, body.heartbeat),
            "host_token": _renewed(server, host, now),
            "is_alive": committed.is_alive,
            "cancel": list(committed.cancel),
            "now": now.isoformat(),
        }
    )


def _renewed(server: Parts, host: Grant, now: datetime) -> str | None:
    if host.expires_at - now.timestamp() > HOST_LIFETIME_S / 2:
        return None
    return server.tokens.issue(Scope.HOST, host.subject, now, HOST_LIFETIME_S, host.about)


@dataclass(slots=True)
class _Message:
    """A batch as far as its tokens are good, and why the rest is not."""

    server: Parts
    now: datetime
    batch: Batch = field(default_factory=Batch)
    refused: dict[str, str] = field(default_factory=dict)
    expired: list[str] = field(default_factory=list)
    """Attempts that came too late to start, for the scheduler to queue anew."""
    clears: set[str] = field(default_factory=set)
    unproven: set[str] = field(default_factory=set)
    """Finishes with a start token: good if this very host has the attempt."""
    grants: dict[str, Grant] = field(default_factory=dict)
    """Of the attempts to start."""
    runs: dict[str, int] = field(default_factory=dict)
    """The dag runs of what starts and finishes, as far as the tokens say them."""

    @property
    def topics(self) -> Collection[int]:
        """The runs that it is about; nothing when they are not all known."""
        batch = self.batch
        ids = [s.attempt_id for s in batch.starts] + [o.attempt_id for o in batch.finishes]
        is_known = all(id in self.runs for id in ids)
        if not is_known or batch.callbacks or self.expired:
            return ()
        return set(self.runs.values())

    def read(self, body: model.Commit) -> None:
        """Check each item's token."""
        for start in body.starts:
            self._take(start.attempt_id, partial(self._start, start))
        for finish in body.finishes:
            self._take(str(finish.outcome.get("attempt_id")), partial(self._finish, finish))
        for begin in body.callback_starts:
            self._take(begin.id, partial(self._callback_start, begin))
        for end in body.callbacks:
            self._take(end.id, partial(self._callback, end))
        self.batch.rendered = [(item.attempt_id, item.fields) for item in body.rendered]
        if body.heartbeat is not None:
            self.batch.heartbeat = True
            self.batch.running = dict.fromkeys(body.heartbeat.running)

    def _take(self, id: str, read: Callable[[], None]) -> None:
        try:
            read()
        except InvalidToken as error:
            self.refused[id] = f"its token is not accepted: {error}"
        except (KeyError, TypeError, ValueError) as error:
            self.refused[id] = f"its message cannot be read: {error!r}"

    def _start(self, item: model.Start) -> None:
        id = item.attempt_id
        try:
            grant = self.server.tokens.check(item.token, self.now, Scope.START)
        except ExpiredToken as error:
            if error.grant.subject == id and error.grant.scope is Scope.START:
                self.expired.append(id)
            raise
        _check_subject(grant, id)
        self.grants[id] = grant
        self._note_run(grant)
        if item.clears:
            self.clears.add(id)
        self.batch.starts.append(Start(id, item.pid, item.started_at))

    def _finish(self, item: model.Finish) -> None:
        outcome = Outcome.from_json(item.outcome)
        id = outcome.attempt_id
        grant = self.server.tokens.check(
            item.token, self.now, Scope.RUN, Scope.START, grace_s=FINISH_GRACE_S
        )
        _check_subject(grant, id)
        self._note_run(grant)
        if grant.scope is Scope.START:
            self.unproven.add(id)
        outcome.token = None
        if outcome.xcoms:
            # An attempt pushes for its own task instance, whatever the message says.
            outcome.xcoms = [{"key": x["key"], "value": x["value"]} for x in outcome.xcoms]
        self.batch.finishes.append(outcome)

    def _note_run(self, grant: Grant) -> None:
        if grant.run is not None:
            self.runs[grant.subject] = grant.run

    def _callback_start(self, item: model.CallbackStart) -> None:
        # Nobody queues a callback anew whose token has expired while it waited.
        self._check_callback(item.token, item.id)
        self.batch.callback_starts.append(Start(item.id, 0, item.started_at))

    def _callback(self, item: model.CallbackEnd) -> None:
        self._check_callback(item.token, item.id)
        self.batch.callbacks.append(CallbackEnd(item.id, item.ok, item.error))

    def _check_callback(self, token: str, id: str) -> None:
        grant = self.server.tokens.check(token, self.now, Scope.CALLBACK, grace_s=FINISH_GRACE_S)
        _check_subject(grant, id)

    def run_tokens(self, committed: Committed, heartbeat: model.Heartbeat | None) -> dict[str, str]:
        """Return the tokens of what has just started, and of what asks for a new one."""
        wanted = [self.grants[id] for id in committed.started if id in self.grants]
        if heartbeat is not None:
            running = self.batch.running.keys() - committed.cancel
            for token in heartbeat.renew:
                try:
                    old = self.server.tokens.check(
                        token, self.now, Scope.RUN, grace_s=FINISH_GRACE_S
                    )
                except InvalidToken:
                    continue  # its next request says why
                if old.subject in running:
                    wanted.append(old)
        issue, lifetime_s = self.server.tokens.issue, self.server.run_token_s
        return {
            grant.subject: issue(
                Scope.RUN, grant.subject, self.now, lifetime_s, grant.about, grant.run
            )
            for grant in wanted
        }


def _check_subject(grant: Grant, id: str) -> None:
    if grant.subject != id:
        raise InvalidToken("the token is another attempt's")


# Writing


def _write(server: Parts, host: Grant, message: _Message, now: datetime) -> Committed:
    """Write the message's batch; where that fails, its items one by one."""
    try:
        return server.store.write(_transact, host, message, message.batch, message.expired, now)
    except StoreUnavailable:
        raise
    except UnstorableOutcome as error:
        _replace_unstorable(message, error.reasons)
        return _write(server, host, message, now)
    except Exception:
        log.exception("a batch cannot be written as a whole; its items are written one by one")
        return _write_apart(server, host, message, now)


def _transact(
    conn: Connection,
    host: Grant,
    message: _Message,
    batch: Batch,
    expired: Iterable[str],
    now: datetime,
) -> Later[Committed]:
    # Mostly none: the tokens say what the hot path must know.
    uncertain = [*message.clears, *message.unproven, *expired, *(id for id, _ in batch.rendered)]
    places = remote.places(conn, uncertain)
    starts = [_with_clears(start, message, places) for start in batch.starts]
    finishes = [o for o in batch.finishes if _may_finish(o.attempt_id, host, message, places)]
    rendered = [(id, fields) for id, fields in batch.rendered if _is_here(id, host, places)]
    _hand_back(conn, {id: places[id] for id in expired if id in places}, now)
    return worker_commit.write(
        conn,
        host.subject,
        host.about,
        replace(batch, starts=starts, finishes=finishes, rendered=rendered),
        now,
        tell=True,
        runs=message.runs,
    )


def _with_clears(start: Start, message: _Message, places: dict[str, Place]) -> Start:
    place = places.get(start.attempt_id)
    if place is None or start.attempt_id not in message.clears:
        return start
    return replace(start, clears=(place.dag_run_id, place.task_id, place.map_index))


def _may_finish(id: str, host: Grant, message: _Message, places: dict[str, Place]) -> bool:
    """Say whether a finish counts: who has only the start token must be the one that started it."""
    return id not in message.unproven or _is_here(id, host, places)


def _is_here(id: str, host: Grant, places: dict[str, Place]) -> bool:
    place = places.get(id)
    return place is not None and place.host_id == host.subject


def _hand_back(conn: Connection, expired: dict[str, Place], now: datetime) -> None:
    """Have the scheduler queue anew what is still queued and has no good token any more."""
    by_run: dict[int, list[str]] = defaultdict(list)
    for id, place in expired.items():
        if place.state == "queued":
            by_run[place.dag_run_id].append(id)
    messages = {pk: {"ids": ids} for pk, ids in by_run.items()}
    inbox.post_about_runs(conn, worker_commit.SCHEDULER, worker_commit.HANDED_BACK, messages, now)


def _replace_unstorable(message: _Message, reasons: dict[str, str]) -> None:
    message.refused |= reasons
    message.batch.finishes = [
        unsaved(o, reasons[o.attempt_id]) if o.attempt_id in reasons else o
        for o in message.batch.finishes
    ]


def unsaved(outcome: Outcome, reason: str) -> Outcome:
    """Return what becomes of an attempt whose real outcome cannot be stored."""
    return Outcome(
        attempt_id=outcome.attempt_id,
        state=TaskInstanceState.FAILED,
        started_at=outcome.started_at,
        ended_at=outcome.ended_at,
        error=f"The task ended, but its result could not be saved: {reason}",
    )


def _write_apart(server: Parts, host: Grant, message: _Message, now: datetime) -> Committed:
    """Find what the database does not take, and write the rest."""
    whole = message.batch
    started: set[str] = set()
    finished: set[str] = set()

    def write(batch: Batch, expired: Iterable[str] = ()) -> Committed:
        done = server.store.write(_transact, host, message, batch, expired, now)
        started.update(done.started)
        finished.update(done.finished)
        return done

    for start in whole.starts:
        try:
            write(Batch(starts=[start]))
        except StoreUnavailable:
            raise
        except Exception as error:
            message.refused[start.attempt_id] = f"its start cannot be written: {error}"
    for outcome in whole.finishes:
        try:
            write(Batch(finishes=[outcome]))
        except StoreUnavailable:
            raise
        except Exception as error:
            log.exception("attempt %s: its outcome cannot be written", outcome.attempt_id)
            message.refused[outcome.attempt_id] = why = str(error)
            write(Batch(finishes=[unsaved(outcome, why)]))
    for item in whole.rendered:
        try:
            write(Batch(rendered=[item]))
        except StoreUnavailable:
            raise
        except Exception:
            log.exception("attempt %s: its rendered fields cannot be written", item[0])
    rest = replace(whole, starts=[], finishes=[], rendered=[])
    last = write(rest, message.expired)
    return replace(last, started=frozenset(started), finished=frozenset(finished))
