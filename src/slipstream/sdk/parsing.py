"""Why a DAG file is being executed: for which DAG or task, if it is for one only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple


class ParsingContext(NamedTuple):
    """The DAG and task that are wanted; None: all of them."""

    dag_id: str | None = None
    task_id: str | None = None


_current = ParsingContext()


def get_parsing_context() -> ParsingContext:
    """Return what the file is executed for, so that it can leave other DAGs out."""
    return _current


@contextmanager
def parsing_for(dag_id: str | None = None, task_id: str | None = None) -> Iterator[None]:
    """Say, in the block, what files are executed for."""
    global _current
    before, _current = _current, ParsingContext(dag_id, task_id)
    try:
        yield
    finally:
        _current = before
