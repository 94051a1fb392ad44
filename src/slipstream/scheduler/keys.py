"""Watches that the API servers take what this scheduler signs; says so on what could not begin else.

With another key an API server takes every token for a forged one, and must not write a word about its
attempt. The scheduler, who knows both keys' marks, ends what no worker can begin, with the reason.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from slipstream.command.signing import KeyTrouble, key_trouble
from slipstream.executors.base import Executor
from slipstream.scheduler import reconcile
from slipstream.state import TaskInstanceState
from slipstream.token import configured_key_mark

if TYPE_CHECKING:
    from slipstream.scheduler.turn import Turn

log = logging.getLogger(__name__)

_GRACE_S = 5.0
"""So long an attempt may wait for an API server with the right key: they are restarted one by one."""


class KeyWatch:
    """What the last look found. Without a remote executor there is nothing to look at."""

    def __init__(self, executors: Mapping[str, Executor]) -> None:
        self._remote = {name for name, each in executors.items() if each.capabilities.is_remote}
        self._default = next(iter(executors), "")
        self.mark = configured_key_mark() if self._remote else None
        """Of the key by which this scheduler signs; None: it signs nothing."""
        self.trouble: KeyTrouble | None = None
        self._since = 0.0

    def look(self, turn: Turn) -> None:
        """Compare the marks; after a while of nothing but wrong ones, fail what waits for a worker."""
        if self.mark is None:
            return
        before, now = self.trouble, turn.world.clock.monotonic()
        self.trouble = found = key_trouble(turn.conn, self.mark, turn.now)
        if found is None:
            if before is not None:
                log.info("All API servers have this scheduler's signing key now.")
            return
        if before is None:
            self._since = now
        if before != found:
            log.error("%s", found.text)
        if found.is_total and now - self._since >= _GRACE_S:
            self._refuse(turn, found.text)

    def _refuse(self, turn: Turn, why: str) -> None:
        waiting = {}
        for attempt_id in list(turn.world.book.attempts):
            owner = turn.world.book.owner_of(attempt_id)
            ti = owner[0].machine.tis.get(owner[1]) if owner is not None else None
            if ti is None or ti.state is not TaskInstanceState.QUEUED or ti.queued_at is None:
                continue
            is_remote = (ti.task.executor or self._default) in self._remote
            if is_remote and (turn.now - ti.queued_at).total_seconds() >= _GRACE_S:
                waiting[attempt_id] = why
        if waiting:
            turn.batch.cancel.update(waiting)
            reconcile.refused(turn, waiting, because="No worker can begin it")
