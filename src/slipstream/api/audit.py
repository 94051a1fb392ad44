"""The audit log: who changed what, with which request."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypedDict, Unpack

from pydantic import BaseModel

from slipstream.api.call import Call
from slipstream.api.mask import MASK, redact, sensitive_words
from slipstream.api.reply import shallow
from slipstream.store import Connection, audit
from slipstream.store.audit import changed

_MAX_EXTRA = 15_000
CHANGED = f"{MASK} (changed)"


class Place(TypedDict, total=False):
    """Where a change was made."""

    dag_id: str | None
    run_id: str | None
    task_id: str | None
    map_index: int | None


def facts(row: Any, names: Iterable[str], secret: Iterable[str] = ()) -> dict[str, Any]:
    """Return what the audit log keeps of a row: of secret fields only whether there is something."""
    told = {name: getattr(row, name) for name in names}
    return told | {name: MASK if getattr(row, name) else None for name in secret}


def tell_changed(
    before: dict[str, Any], after: dict[str, Any], old: Any, new: Any, secret: Iterable[str]
) -> None:
    """Say of secret fields that they have changed, which their masks do not show."""
    for name in secret:
        if getattr(old, name) != getattr(new, name) and before[name] == after[name]:
            after[name] = CHANGED


def write(
    conn: Connection,
    call: Call,
    event: str,
    given: BaseModel | dict[str, Any] | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    **place: Unpack[Place],
) -> None:
    """Add a row within the transaction of the change.

    ``given`` is what was asked for; ``before`` and ``after`` what was there and what is. Of the
    last two, only what differs is kept. Secrets are masked by their names.
    """
    data: dict[str, Any] = dict(
        given.model_dump(mode="json", exclude_unset=True, by_alias=True)
        if isinstance(given, BaseModel)
        else given or {}
    )
    data |= changed(before, after)
    text = json.dumps(redact(shallow(data), sensitive_words()), default=str)
    if len(text) > _MAX_EXTRA:  # what were cut off could not be read as JSON
        text = json.dumps({"too_long": len(text), "beginning": text[: _MAX_EXTRA // 2]})
    audit.add(
        conn,
        event=event,
        now=call.clock.now(),
        owner=call.user.name,
        extra=text,
        **place,
    )


def record(
    call: Call,
    event: str,
    given: BaseModel | dict[str, Any] | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    **place: Unpack[Place],
) -> None:
    """Add a row for a change that a command makes in a transaction of its own."""
    call.store.write(lambda conn: write(conn, call, event, given, before, after, **place))
