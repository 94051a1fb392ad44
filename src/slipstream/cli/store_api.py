"""The task API for DAG files and tasks that run inside a command, straight on the store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from slipstream.clock import SystemClock
from slipstream.sdk import taskapi
from slipstream.sdk.taskapi import TaskAPI, error_named
from slipstream.store import Store
from slipstream.worker import request
from slipstream.worker.task_api import Caller, RequestRefused


class StoreTaskAPI(TaskAPI):
    """Answers as a worker host would.

    ``is_trial`` is for a task whose run may not exist: it then finds no XComs and pushes none.
    """

    def __init__(self, store: Store, caller: Caller, *, is_trial: bool = False) -> None:
        self._store = store
        self._caller = caller
        self._is_trial = is_trial

    def request(self, method: str, params: dict[str, Any]) -> Any:
        if self._is_trial and method in ("set_xcom", "delete_xcom"):
            return None
        try:
            return request.answer(self._store, SystemClock(), self._caller, method, params)
        except RequestRefused as error:
            if self._is_trial and error.kind == "DagRunNotFound" and method == "get_xcoms":
                return []
            raise error_named(error.kind, str(error)) from error


@contextmanager
def answering(store: Store) -> Iterator[None]:
    """Let variables and connections be found in the store, where this process has no worker host."""
    before = taskapi.use(StoreTaskAPI(store, {}))
    try:
        yield
    finally:
        taskapi.use(before)
