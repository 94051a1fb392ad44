"""What of the changes a listener may know and wants to know, as the bytes of an event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from slipstream.api.reply import Json
from slipstream.store.live.watch import FLAGS, Changes


@dataclass(frozen=True, slots=True)
class Wanted:
    """``readable`` None: all DAGs. ``dag_id`` and ``run_id`` leave out what others do."""

    readable: frozenset[str] | None = None
    dag_id: str | None = None
    run_id: str | None = None

    def takes(self, dag_id: str, run_id: str | None = None) -> bool:
        return (
            (self.readable is None or dag_id in self.readable)
            and self.dag_id in (None, dag_id)
            and (run_id is None or self.run_id in (None, run_id))
        )


class Renderer:
    """Renders each batch once for all listeners that want the same of it."""

    def __init__(self) -> None:
        self._changes: Changes | None = None
        self._known: dict[Wanted, bytes | None] = {}

    def event(self, changes: Changes, wanted: Wanted) -> bytes | None:
        """Return the event; None if nothing of it is wanted."""
        if changes is not self._changes:
            self._changes, self._known = changes, {}
        if wanted not in self._known:
            self._known[wanted] = _event(changes, wanted)
        return self._known[wanted]


def _event(changes: Changes, wanted: Wanted) -> bytes | None:
    if changes.is_reset:
        return message("reset", changes.cursor, {})
    runs = [r._asdict() for r in changes.runs if wanted.takes(r.dag_id, r.run_id)]
    dags = sorted(dag_id for dag_id in changes.dags if wanted.takes(dag_id))
    if not (runs or dags or changes.flags):
        return None
    flags = {name: name in changes.flags for name in FLAGS}
    return message("changes", changes.cursor, {"runs": runs, "dags": dags, **flags})


def message(event: str, cursor: str, data: dict[str, Any]) -> bytes:
    """Return a server-sent event."""
    head = f"event: {event}\nid: {cursor}\ndata: ".encode()
    return head + bytes(Json(data).body) + b"\n\n"
