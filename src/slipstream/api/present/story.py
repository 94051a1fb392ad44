"""Events of stories in replies, with a sentence for people."""

from __future__ import annotations

from typing import Any

from slipstream.store.live.story import EventSeen

_WORDS = {
    "admitted": "It was handed to the executor.",
    "started": "Its process started.",
    "finished": "Its process ended: {to}.",
    "handed_back": "The executor handed it back before it began.",
    "restarted": "It was cleared while it ran, and begins again.",
    "trigger_fired": "What it waited for came: {to}.",
    "branch_skip": "It was skipped.",
    "cleared": "It was cleared: {to}.",
    "marked": "It was marked as {to}.",
    "deleted": "It was deleted, to begin as if it had never been.",
    "trigger_rule": "Its trigger rule decided: {to}.",
    "no_op": "It was done at once: {to}.",
    "removed": "It was removed.",
    "restored": "It is back: {to}.",
    "expanded": "It was expanded.",
    "revised": "It was removed.",
    "fail_fast": "It was stopped: {to}.",
    "host_lost": "Its worker host was lost: {to}.",
    "run_started": "The run started.",
    "run_ended": "The run ended: {to}.",
    "run_marked": "It was marked as {to}.",
    "run_timed_out": "The run took too long: {to}.",
}


def present(row: EventSeen) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "at": row.at,
        "kind": row.kind,
        "from_state": row.from_state,
        "to_state": row.to_state,
        "try_number": row.try_number,
        "attempt_id": row.attempt_id,
        "task_id": row.task_id,
        "map_index": row.map_index,
        "words": words(row),
    }


def words(row: EventSeen) -> str:
    """Say what happened in a sentence, and why if the event tells."""
    to = (row.to_state or "no status").replace("_", " ")
    said = _WORDS.get(row.kind)
    if said is None:
        kind = row.kind.replace("_", " ")
        said = f"{kind[:1].upper()}{kind[1:]}: {{to}}."
    said = said.format(to=to)
    detail = (row.detail or "").strip()
    if detail.lower() in ("", to):
        return said
    return f"{said} {detail[:1].upper()}{detail[1:]}{'' if detail[-1:] in '.!?…' else '.'}"
