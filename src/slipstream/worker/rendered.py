"""Rendered fields of tasks that live long: people see them while the task runs.

Those of the others are written with their end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from slipstream.clock import Clock
from slipstream.worker.execution import Execution
from slipstream.worker.report import Reporter
from slipstream.worker.timer import Timer, Timers

_LONG_S = 1.0
"""About so long a task has run when they are written."""


class LongRendered:
    """Keeps what a process said its fields are, and writes it after a while."""

    def __init__(
        self,
        timers: Timers,
        clock: Clock,
        reporter: Reporter,
        executions: Callable[[], Iterable[Execution]],
    ) -> None:
        self._timers = timers
        self._clock = clock
        self._reporter = reporter
        self._executions = executions
        self._timer: Timer | None = None

    def keep(self, execution: Execution, fields: dict[str, Any]) -> None:
        """Keep the fields until the execution ends, or has run for long."""
        execution.rendered = fields
        execution.rendered_at = self._clock.monotonic()
        self._look_later()

    def _look_later(self) -> None:
        if self._timer is None or not self._timer.is_live:
            self._timer = self._timers.after(_LONG_S, self._look)

    def _look(self) -> None:
        since = self._clock.monotonic() - _LONG_S / 2
        for execution in self._executions():
            if execution.rendered is None or execution.outcome is not None:
                continue
            if execution.rendered_at <= since:
                rendered, execution.rendered = execution.rendered, None
                self._reporter.batch.rendered.append((execution.attempt_id, rendered))
            else:
                self._look_later()
