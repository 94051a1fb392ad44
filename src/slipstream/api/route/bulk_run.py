"""Many DAG runs at once: set their states and notes, delete them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from slipstream import command
from slipstream.api import audit, body
from slipstream.api.auth.words import DAG_RUNS, EDIT
from slipstream.api.bulk import Changes, Failure, Outcome, carry_out, failure, tell
from slipstream.api.call import Call, Editor
from slipstream.api.replies import replies
from slipstream.api.reply import Json
from slipstream.api.route.dag_run import ALL, TOLD, TOLD_DELETED, still_running
from slipstream.errors import NotFound
from slipstream.state import DagRunState
from slipstream.store import run
from slipstream.store.listing import run as listing

router = APIRouter(tags=["DagRun"])

_NO_CREATE = "Runs cannot be created in bulk: POST each to /dags/{dag_id}/dagRuns."


class _Key(NamedTuple):
    dag_id: str
    run_id: str


@router.patch("/dags/{dag_id}/dagRuns", responses=replies("BulkResponse"))
def bulk_dag_runs(call: Editor, dag_id: str, given: body.RunBulk) -> Response:
    """Set the states and notes of runs of a DAG, or of any (``~``), and delete runs."""
    call.need_bulk(DAG_RUNS, given.actions)
    for action in given.actions:
        for of_dag in {key.dag_id for key in _by_key(dag_id, action.entities)[0]}:
            call.need_dag(EDIT, of_dag)

    told: Changes = {}

    def handle(action: Any) -> Outcome:
        if action.action == "create":
            return [], [failure(_NO_CREATE, 405)]
        named, failed = _by_key(dag_id, action.entities)
        done, more = (_update if action.action == "update" else _delete)(call, action, named, told)
        return done, failed + more

    outcome = carry_out(given.actions, handle)
    audit.record(
        call,
        "bulk_dag_runs",
        {**outcome, "changes": told},
        dag_id=dag_id if dag_id != ALL else None,
    )
    return Json(outcome)


def _by_key(
    dag_id: str, entities: Iterable[str | body.RunNamed]
) -> tuple[dict[_Key, body.RunNamed], list[Failure]]:
    """Return what is asked of each run that is named, and a failure for each without a DAG."""
    named: dict[_Key, body.RunNamed] = {}
    failed = []
    for each in entities:
        entity = body.RunNamed(dag_run_id=each) if isinstance(each, str) else each
        key = _Key(entity.dag_id or dag_id, entity.dag_run_id)
        if ALL in key:
            form = "an object instead of a string, with" if isinstance(each, str) else "it"
            why = (
                f"Run {key.run_id!r} needs a dag_id of its own, for the path says ~: "
                f"give {form} dag_id and dag_run_id."
            )
            failed.append(failure(why, 400))
        else:
            named[key] = entity
    return named, failed


def _known(
    call: Call, action: body.OnNonExistence, named: Mapping[_Key, body.RunNamed]
) -> tuple[dict[_Key, listing.RunListed], list[Failure]]:
    """Return the runs that exist; none of them with the failure, if one that is missing is one."""
    with call.store.read() as conn:
        found = {key: listing.get(conn, *key) for key in named}
    missing = sorted(tuple(key) for key, row in found.items() if row is None)
    if missing and action.action_on_non_existence == "fail":
        why = f"These runs do not exist: {missing}"
        return {}, [failure(why, 404)]
    return {key: row for key, row in found.items() if row is not None}, []


def _update(
    call: Call,
    action: body.BulkUpdate[body.RunNamed],
    named: Mapping[_Key, body.RunNamed],
    told: Changes,
) -> Outcome:
    known, failed = _known(call, action, named)
    done = []
    for key, row in known.items():
        entity = named[key]
        if entity.state is not None:
            command.mark_run(
                call.store,
                call.clock,
                dag_id=key.dag_id,
                run_id=key.run_id,
                state=DagRunState(entity.state),
                by=call.user.name,
            )
        if entity.note is not None:
            call.store.write(run.set_note, row.id, entity.note or None)
        done.append(_name(key))
        with call.store.read() as conn:
            after = listing.get(conn, *key)
        if after is not None:
            tell(told, _name(key), audit.facts(row, TOLD), audit.facts(after, TOLD))
    return done, failed


def _delete(
    call: Call,
    action: body.BulkDelete[body.RunNamed],
    named: Mapping[_Key, body.RunNamed],
    told: Changes,
) -> Outcome:
    known, failed = _known(call, action, named)
    done = []
    for key, row in sorted(known.items(), key=lambda item: item[0]):
        if row.state == DagRunState.RUNNING:
            failed.append(failure(still_running(*key), 409))
            continue
        try:
            command.delete_run(
                call.store, call.clock, dag_id=key.dag_id, run_id=key.run_id, by=call.user.name
            )
        except NotFound:
            continue  # somebody else has just deleted it
        done.append(_name(key))
        tell(told, _name(key), audit.facts(row, TOLD_DELETED))
    return done, failed


def _name(key: _Key) -> str:
    return f"{key.dag_id}.{key.run_id}"
