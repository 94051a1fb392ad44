"""Answers to tasks' requests, from the store."""

from __future__ import annotations

from typing import Any

from slipstream.worker.task_api import RequestRefused


def answer(store, clock, caller, method, params) -> Any:
    raise RequestRefused("NotImplementedError", method)
