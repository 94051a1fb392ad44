"""Opening the store for a command, and asking people before something is lost."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from slipstream.errors import UserError

if TYPE_CHECKING:
    import argparse

    from slipstream.store import Connection, Store


_RECORDED = (
    *("task_id", "task_regex", "key", "conn_id", "pool", "file", "downstream", "upstream"),
    *("username", "email", "role", "resource", "action"),
)
"""Arguments that the audit log keeps, besides the ids that it has columns for; none is secret."""


Look = Callable[["Connection"], Mapping[str, Any] | None]


@contextmanager
def open_store(
    check: bool = True, record: argparse.Namespace | None = None, look: Look | None = None
) -> Iterator[Store]:
    """Yield the configured store; with ``check``, only if its schema is the one we need.

    ``record`` is the arguments of a command that changes something: once it has succeeded, the
    audit log says who ran it, and how what ``look`` returns (no secrets) has changed meanwhile.
    """
    from slipstream.store import Store, migrate  # SQLAlchemy takes most of a command's start-up

    with Store.open() as store:
        if check:
            migrate.check(store)
        before = _looked(store, look)
        yield store
        if record is not None:
            store.write(note, record, before, _looked(store, look))


def _looked(store: Store, look: Look | None) -> Mapping[str, Any] | None:
    if look is None:
        return None
    with store.read() as conn:
        return look(conn)


def note(
    conn: Connection,
    args: argparse.Namespace,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Tell the audit log, in the transaction of a change, who made it and what it changed."""
    from slipstream.store import audit

    _record(conn, args, audit.changed(before, after) or getattr(args, "changed", {}))


def _record(
    conn: Connection, args: argparse.Namespace, changed: dict[str, Any] | None = None
) -> None:
    from slipstream.cli.lookup import current_user
    from slipstream.clock import utcnow
    from slipstream.store import audit

    given = {name: getattr(args, name, None) for name in _RECORDED}
    audit.add(
        conn,
        event=f"cli_{args.words.replace(' ', '_').replace('-', '_')}",
        now=utcnow(),
        owner=current_user(),
        dag_id=getattr(args, "dag_id", None),
        run_id=getattr(args, "run_id", None),
        task_id=getattr(args, "task_id", None),
        extra={name: value for name, value in given.items() if value} | (changed or {}),
    )


def confirm(question: str, yes: bool) -> None:
    """Return if the user agrees (or said ``--yes``); raise UserError if not."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UserError(f"{question} Say --yes to agree: there is no terminal to ask.")
    answer = input(f"{question} (y/n) ").strip().lower()
    if answer not in ("y", "yes"):
        raise UserError("Cancelled.")
