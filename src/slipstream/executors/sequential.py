"""The Sequential executor: the Local executor's host with one slot."""

from __future__ import annotations

from slipstream.executors.local import LocalExecutor


class SequentialExecutor(LocalExecutor):
    """Runs one attempt at a time."""

    def _n_slots(self) -> int | None:
        return 1
