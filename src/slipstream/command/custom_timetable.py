"""Ask a timetable of the user's about a manual run, or for the runs of a range of dates.

Such a class is user code, which only the DAG processor's children may execute. The question goes
into its inbox; the answer comes as a message that carries the question's token.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from slipstream.attempt import new_id
from slipstream.clock import Clock
from slipstream.command.order import DAG_PROCESSOR
from slipstream.config import conf
from slipstream.errors import UserError
from slipstream.state import DagRunType
from slipstream.store import Connection, Store, dag, inbox, job
from slipstream.timetable import DataInterval, NextRun
from slipstream.timetable.base import to_utc

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.002, 0.05
_LOOK_S = 1.0
_MARGIN_S = 10.0
"""What the DAG processor may need beside the loading of the file."""
MAX_RUNS = 10_000
"""So many runs of a range at most, lest a timetable that never ends be asked for ever."""


class RunFacts(NamedTuple):
    """What a timetable says of a manual run; None: it was not asked, or has nothing to say."""

    data_interval: DataInterval | None = None
    run_id: str | None = None


def ask(
    store: Store,
    clock: Clock,
    *,
    dag_id: str,
    run_type: DagRunType,
    run_after: datetime,
    infer_at: datetime | None,
    data_interval: DataInterval | None,
    wants_id: bool,
) -> RunFacts:
    """Return what the DAG's timetable, if it is one of the user's, says of a run that somebody wants.

    ``infer_at``: for when to infer the data interval, None if there is none or it is given.
    Raises UserError when the timetable fails, or nobody is there to ask it.
    """
    wants_id = wants_id and _names_runs(store, dag_id)
    if not wants_id and (infer_at is None or not _is_custom(store, dag_id)):
        return RunFacts()
    question = {
        "run_type": run_type.value,
        "run_after": run_after.isoformat(),
        "infer_at": infer_at.isoformat() if infer_at else None,
        "data_interval": [d.isoformat() for d in data_interval] if data_interval else None,
        "wants_id": wants_id,
    }
    answer = _ask(store, clock, "manual_run", dag_id, question)
    interval = answer["data_interval"]
    return RunFacts(
        DataInterval(*map(_moment, interval)) if interval else None,
        answer["run_id"],
    )


def runs_between(
    store: Store, clock: Clock, *, dag_id: str, earliest: datetime, latest: datetime
) -> list[NextRun] | None:
    """Return the runs with logical dates in the range, oldest first, by a timetable of the user's.

    None when its class says that it is not periodic. Raises UserError when the timetable fails,
    has more than ``MAX_RUNS`` there, or nobody is there to ask it.
    """
    question = {
        "earliest": earliest.isoformat(),
        "latest": latest.isoformat(),
        "limit": MAX_RUNS,
    }
    found = _ask(store, clock, "runs_between", dag_id, question)["runs"]
    if found is None:
        return None
    moments = (tuple(map(_moment, each)) for each in found)
    return [NextRun(start, DataInterval(start, end), due) for start, end, due in moments]


def _moment(text: str) -> datetime:
    return to_utc(datetime.fromisoformat(text))


def _ask(
    store: Store, clock: Clock, kind: str, dag_id: str, question: dict[str, Any]
) -> dict[str, Any]:
    """Return the DAG processor's answer; raise UserError if it is an error, or none comes."""
    token = new_id()
    message_id = store.write(_post, kind, dag_id, {"token": token, **question}, clock.now())
    store.wake(DAG_PROCESSOR)
    answer = _wait(store, clock, token)
    if answer is None:
        store.write(inbox.withdraw, message_id, token)
        raise UserError(
            f"The timetable of DAG {dag_id!r} could not be asked: the DAG processor did not answer. "
            "See its log, and that it is running (`slipstream dag-processor`)."
        )
    if answer["error"] is not None:
        raise UserError(f"The timetable of DAG {dag_id!r} failed: {answer['error']}")
    return answer


def _is_custom(store: Store, dag_id: str) -> bool:
    with store.read() as conn:
        row = dag.get(conn, dag_id)
    return row is not None and row.has_custom_timetable


def _names_runs(store: Store, dag_id: str) -> bool:
    if not _is_custom(store, dag_id):
        return False
    with store.read() as conn:
        found = dag.latest_spec(conn, dag_id)
    return found is not None and found[1]["timetable"].get("names_runs", False)


def _post(conn: Connection, kind: str, dag_id: str, question: dict[str, Any], now: datetime) -> int:
    if not _processor_alive(conn, now):
        raise UserError(
            f"DAG {dag_id!r} has a timetable of its own, which only the DAG processor may execute, "
            "and none is running: start it (`slipstream dag-processor`)."
        )
    return inbox.post(
        conn, target=DAG_PROCESSOR, kind=kind, payload=question, dag_id=dag_id, now=now
    )


def _processor_alive(conn: Connection, now: datetime) -> bool:
    lapse = conf.getfloat("scheduler", "dag_processor_health_check_threshold", fallback=30.0)
    return bool(job.list_alive(conn, "DagProcessorJob", since=now - timedelta(seconds=lapse)))


def _wait(store: Store, clock: Clock, token: str) -> dict[str, Any] | None:
    """Return the answer, None when there is none in time or the DAG processor has ended."""
    patience_s = conf.getfloat("core", "dagbag_import_timeout", fallback=30.0) + _MARGIN_S
    # Real time on purpose: the wait is for another process, whatever clock the caller injects.
    now = time.monotonic()
    deadline, look_at, pause = now + patience_s, now + _LOOK_S, _FIRST_PAUSE_S
    while (now := time.monotonic()) < deadline:
        with store.read() as conn:
            found = inbox.find_answer(conn, token)
            if found is None and now >= look_at:
                look_at = now + _LOOK_S
                if not _processor_alive(conn, clock.now()):
                    return None
        if found is not None:
            store.write(inbox.delete, [found.id])
            return found.payload
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE_S)
    return None
