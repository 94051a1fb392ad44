"""Logs of tries, as one JSON document or as lines, live while the task runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query
from starlette.responses import Response, StreamingResponse

from slipstream import command
from slipstream.api import log_file
from slipstream.api.call import Call, Viewer
from slipstream.api.error import bad_request, not_found, task_instance_not_found
from slipstream.api.log_file import Piece, Span
from slipstream.api.negotiate import wants
from slipstream.api.query import Int
from slipstream.api.replies import replies
from slipstream.errors import SlipstreamError
from slipstream.state import TaskInstanceState
from slipstream.store import attempt
from slipstream.store.listing import task_instance as listing
from slipstream.store.listing.task_instance import TaskInstanceListed
from slipstream.worker.remote_log.files import RemoteLogError

router = APIRouter(tags=["Task Instance"])

_NDJSON = "application/x-ndjson"
_LIVE = frozenset(
    {
        TaskInstanceState.QUEUED,
        TaskInstanceState.RUNNING,
        TaskInstanceState.RESTARTING,
        TaskInstanceState.DEFERRED,
        TaskInstanceState.UP_FOR_RESCHEDULE,
    }
)
_NO_TIME = '{"timestamp": null, '
_CHUNK = 64 * 1024


@router.get(
    "/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/logs/{try_number}",
    responses=replies("TaskInstancesLogResponse", 404, 406, ndjson='{"event": "hello"}\n'),
)
def get_log(
    call: Viewer,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    try_number: Annotated[Int, Path(ge=0)],
    full_content: bool = False,
    map_index: Int = -1,
    token: Annotated[str | None, Query(max_length=500)] = None,
    accept: Annotated[str, Header()] = "*/*",
) -> Response:
    """Return a try's log; with the token of an earlier reply, what was written since then.

    While the try runs, JSON replies carry a token in ``continuation_token``; streamed ones always
    do, in a header.
    """
    kind = wants(accept, "application/json", _NDJSON)
    row = _task_instance(call, dag_id, dag_run_id, task_id, map_index, try_number)
    try:
        start, was_over = (0, False) if full_content else log_file.read_token(token)
        pieces, why = _pieces(call, row, try_number)
    except log_file.BadToken:
        raise bad_request(
            "The token is not one that this API gave out: send the last reply's "
            "continuation_token, or none."
        ) from None
    except log_file.UnsafePath:
        raise task_instance_not_found(dag_id, dag_run_id, task_id, map_index) from None
    is_live = try_number == row.try_number and row.state in _LIVE
    try:
        part = log_file.span(pieces, start, is_finished=not is_live)
    except (RemoteLogError, FileNotFoundError) as error:
        part, why = None, f"The log cannot be read: {error}"
    last = _last_words(call, row, try_number, is_live=is_live, has_log=part is not None)
    lines = _lines(call, part, start, why, [] if was_over else last)
    following = part.token(is_over=not is_live) if part is not None else token or ""
    if kind == _NDJSON:
        return StreamingResponse(
            _batched(line + "\n" for line in lines),
            media_type=_NDJSON,
            headers={"airflow-continuation-token": following},
        )
    ending = f'"{following}"' if is_live and following else "null"
    return StreamingResponse(_batched(_document(lines, ending)), media_type="application/json")


@router.get(
    "/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/externalLogUrl/{try_number}",
    responses=replies("ExternalLogUrlResponse", 404),
)
def get_external_log_url(
    call: Viewer,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    try_number: Annotated[Int, Path(ge=1)],
    map_index: Int = -1,
) -> Response:
    """Refuse, as Airflow does where logs are files of its own."""
    raise bad_request("Logs are read through this API: there is no log page of another service.")


def _task_instance(
    call: Call, dag_id: str, run_id: str, task_id: str, map_index: Int, try_number: int
) -> TaskInstanceListed:
    with call.store.read() as conn:
        row = listing.get(conn, dag_id, run_id, task_id, map_index)
    if row is None:
        raise task_instance_not_found(dag_id, run_id, task_id, map_index)
    if try_number > row.try_number or (try_number == 0 and row.try_number > 0):
        raise not_found(f"Task {task_id!r} has no try {try_number} in this run.")
    return row


def _pieces(call: Call, row: TaskInstanceListed, try_number: int) -> tuple[list[Piece], str | None]:
    """Return the log's pieces and why one is missing; raise UnsafePath."""
    ids = (row.dag_id, row.run_id, row.task_id, row.map_index, try_number)
    path = log_file.path_of(*ids)
    if call.server.remote_logs is not None:
        return call.server.remote_logs.pieces(path, log_file.name_of(*ids))
    piece = log_file.local_piece(path)
    return ([] if piece is None else [piece]), None


def _last_words(
    call: Call, row: TaskInstanceListed, try_number: int, *, is_live: bool, has_log: bool
) -> list[str]:
    """Return what no process of the try could write: why it is lost, was refused, or waits to begin.

    Said by the attempt's outcome in the store, and by what explains the task instance.
    """
    with call.store.read() as conn:
        tries = attempt.list_tries(conn, row.dag_run_id, row.task_id, row.map_index)
    mine = [each for each in tries if each.try_number == try_number]
    if not mine:
        return []
    found, outcome = mine[-1], mine[-1].outcome
    if is_live:
        if has_log or row.state != TaskInstanceState.QUEUED:
            return []
        ids = {"dag_id": row.dag_id, "run_id": row.run_id, "task_id": row.task_id}
        try:
            said = command.explain(call.store, call.clock, **ids, map_index=row.map_index)
        except SlipstreamError:
            return []  # the log is shown all the same; who asks for the explanation hears why not
        return [_word(call.clock.now(), "info", reason) for reason in said.reasons]
    if outcome is None:
        return []
    at = found.ended_at or call.clock.now()
    words = []
    if outcome.log_lost:
        text = f"This log is not whole: on {found.hostname}, {outcome.log_lost}."
        words.append(_word(at, "error", text))
    if outcome.error and (outcome.log_lost or found.started_at is None or outcome.host_lost):
        words.append(_word(at, "error", outcome.error))
    return words


def _word(at: datetime, level: str, text: str) -> str:
    when = at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    text = text[:1].upper() + text[1:]
    return log_file.note(text, when, level=level, logger="slipstream.scheduler")


def _lines(
    call: Call, part: Span | None, start: int, why: str | None, last: list[str]
) -> Iterator[str]:
    if start == 0:
        # Three events that tell where the log is from come first, as in Airflow.
        yield log_file.note("::group::Log message source details")
        for piece in part.pieces if part is not None else ():
            yield log_file.note(piece.name)
        yield log_file.note("::endgroup::")
    now = call.clock.now().isoformat().replace("+00:00", "Z")
    if part is not None:
        try:
            yield from log_file.lines(part)
        except (RemoteLogError, FileNotFoundError) as error:
            yield log_file.note(f"The rest of the log cannot be read: {error}", now)
    elif start == 0:
        yield log_file.note("No log of this attempt is here.", now)
    if why is not None and start == 0:
        yield log_file.note(why, now)
    yield from last


def _document(lines: Iterator[str], ending: str) -> Iterator[str]:
    yield '{"content":['
    separator = ""
    for line in lines:
        # As Airflow: what has no time says so as a line, and leaves it out of a document.
        yield separator + ("{" + line.removeprefix(_NO_TIME) if line.startswith(_NO_TIME) else line)
        separator = ","
    yield f'],"continuation_token":{ending}}}'


def _batched(pieces: Iterator[str]) -> Iterator[bytes]:
    """Join small pieces, as each chunk sent costs a hop between threads."""
    held: list[str] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= _CHUNK:
            yield "".join(held).encode()
            held, size = [], 0
    if held:
        yield "".join(held).encode()
