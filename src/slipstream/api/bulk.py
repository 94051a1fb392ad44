"""Bulk changes: lists of create, update and delete actions on things that have a key.

An action that says ``fail`` does nothing when one of its keys is in the way or missing; one that
says ``skip`` leaves those out. Each action's outcome is reported, as Airflow reports it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from slipstream.api import audit
from slipstream.store import Connection
from slipstream.store.audit import changed


class Keyed(Protocol):
    """A kind of thing that bulk changes apply to."""

    noun: str
    """In messages, such as ``variables``."""
    secret: Sequence[str]
    """The fields that ``told`` masks."""

    def key(self, entity: Any) -> str: ...

    def existing(self, conn: Connection, keys: Collection[str]) -> set[str]:
        """Return which of the keys exist."""
        ...

    def put(self, conn: Connection, entity: Any, mask: Sequence[str] | None) -> None:
        """Write an entity; with a mask, only those fields of an existing one."""
        ...

    def delete(self, conn: Connection, key: str) -> None: ...

    def found(self, conn: Connection, key: str) -> Any | None:
        """Return it as it is; None if it does not exist."""
        ...

    def told(self, found: Any) -> dict[str, Any]:
        """Return what the audit log keeps of what ``found`` returned, without secrets."""
        ...


_MAX_TOLD = 100
"""Of so many things at most the audit log keeps what they were."""
Failure = dict[str, Any]
"""``error`` and ``status_code``."""
Changes = dict[str, dict[str, Any]]
"""By the names of things, what they were ``before`` and are ``after``, for the audit log."""
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
    before = {key: kind.found(conn, key) for key in keys}
    outcome = apply(conn, kind, actions)
    told: Changes = {}
    for key, old in before.items():
        new = kind.found(conn, key)
        was, now = (None if each is None else kind.told(each) for each in (old, new))
        if was is not None and now is not None:
            audit.tell_changed(was, now, old, new, kind.secret)
        tell(told, key, was, now)
    return outcome, {**outcome, "changes": told}


def tell(
    told: Changes,
    name: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Add what has changed of one thing to what the audit log keeps, unless that is much already."""
    change = changed(before, after)
    if any(change.values()) and (name in told or len(told) < _MAX_TOLD):
        told[name] = change


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
