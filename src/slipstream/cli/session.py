"""Opening the store for a command, and asking people before something is lost."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from slipstream.errors import UserError

if TYPE_CHECKING:
    from slipstream.store import Store


@contextmanager
def open_store(check: bool = True) -> Iterator[Store]:
    """Yield the configured store; with ``check``, only if its schema is the one we need."""
    from slipstream.store import Store, migrate  # SQLAlchemy takes most of a command's start-up

    with Store.open() as store:
        if check:
            migrate.check(store)
        yield store


def confirm(question: str, yes: bool) -> None:
    """Return if the user agrees (or said ``--yes``); raise UserError if not."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UserError(f"{question} Say --yes to agree: there is no terminal to ask.")
    answer = input(f"{question} (y/n) ").strip().lower()
    if answer not in ("y", "yes"):
        raise UserError("Cancelled.")
