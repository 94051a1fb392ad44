"""Bulk changes: lists of create, update and delete actions on things that have a key.

An action that says ``fail`` does nothing when one of its keys is in the way or missing; one that
says ``skip`` leaves those out. Each action's outcome is reported, as Airflow reports it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Protocol

from slipstream.store import Connection
from slipstream.store.audit import changed


class Keyed(Protocol):
    """A kind of thing that bulk changes apply to."""

    noun: str
    """In messages, such as ``variables``."""

    def key(self, entity: Any) -> str: ...

    def existing(self, conn: Connection, keys: Collection[str]) -> set[str]:
        """Return which of the keys exist."""
        ...

    def put(self, conn: Connection, entity: Any, mask: Sequence[str] | None) -> None:
        """Write an entity; with a mask, only those fields of an existing one."""
        ...

    def delete(self, conn: Connection, key: str) -> None: ...

    def told(self, conn: Connection, key: str) -> dict[str, Any] | None:
        """Return what the audit log keeps of it, without secrets; None if it does not exist."""
        ...


_MAX_TOLD = 100
"""Of so many things at most the audit log keeps what they were."""
Failure = dict[str, Any]
"""``error`` and ``status_code``."""
Outcome = tuple[list[str], list[Failure]]
"""The keys of what was done, and what went wrong."""


def apply(conn: Connection, kind: Keyed, actions: Iterable[Any]) -> dict[str, Any]:
    """Carry out actions (bodies' create, update and delete models) and return the reply."""
    return carry_out(actions, lambda action: _ACTIONS[action.action](conn, kind, action))


def apply_and_tell(
    conn: Connection, kind: Keyed, actions: Sequence[Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Do as ``apply``; return the reply, and what the audit log keeps: what was and what is."""
    named = (
        entity if isinstance(entity, str) else kind.key(entity)
        for action in actions
        for entity in action.entities
    )
    keys = list(dict.fromkeys(named))[:_MAX_TOLD]
    before = {key: kind.told(conn, key) for key in keys}
    outcome = apply(conn, kind, actions)
    changes = {key: changed(before[key], kind.told(conn, key)) for key in keys}
    return outcome, {**outcome, "changes": {key: each for key, each in changes.items() if each}}


def carry_out(actions: Iterable[Any], handle: Callable[[Any], Outcome]) -> dict[str, Any]:
    """Handle actions one after the other and return the reply: their outcomes by kind of action."""
    outcome: dict[str, Any] = {"create": None, "update": None, "delete": None}
    for action in actions:
        done, error = handle(action)
        so_far = outcome[action.action] or {"success": [], "errors": []}
        so_far["success"] += done
        so_far["errors"] += error
        outcome[action.action] = so_far
    return outcome


def failure(message: str, status: int) -> Failure:
    """Return what a reply says of something that went wrong."""
    return {"error": message, "status_code": status}


def _failed(kind: Keyed, keys: Collection[str], what: str, status: int) -> Outcome:
    named = ", ".join(repr(k) for k in sorted(keys))
    return [], [failure(f"These {kind.noun} {what}: {named}.", status)]


def _create(conn: Connection, kind: Keyed, action: Any) -> Outcome:
    entities = {kind.key(e): e for e in action.entities}
    there = kind.existing(conn, entities.keys())
    if there and action.action_on_existence == "fail":
        return _failed(kind, there, "exist already", 409)
    if action.action_on_existence == "skip":
        entities = {k: e for k, e in entities.items() if k not in there}
    for entity in entities.values():
        kind.put(conn, entity, None)
    return list(entities), []


def _update(conn: Connection, kind: Keyed, action: Any) -> Outcome:
    entities = {kind.key(e): e for e in action.entities}
    missing = entities.keys() - kind.existing(conn, entities.keys())
    if missing and action.action_on_non_existence == "fail":
        return _failed(kind, missing, "were not found", 404)
    done = [k for k in entities if k not in missing]
    for key in done:
        entity = entities[key]
        kind.put(conn, entity, action.update_mask or sorted(entity.model_fields_set))
    return done, []


def _delete(conn: Connection, kind: Keyed, action: Any) -> Outcome:
    named = (e if isinstance(e, str) else kind.key(e) for e in action.entities)
    keys = list(dict.fromkeys(named))
    missing = set(keys) - kind.existing(conn, keys)
    if missing and action.action_on_non_existence == "fail":
        return _failed(kind, missing, "were not found", 404)
    done = [k for k in keys if k not in missing]
    for key in done:
        kind.delete(conn, key)
    return done, []


_ACTIONS = {"create": _create, "update": _update, "delete": _delete}
