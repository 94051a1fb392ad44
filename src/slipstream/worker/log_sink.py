"""Where the logs of executions go beside their files: what the supervisor tells whoever takes them."""

from __future__ import annotations

from typing import Protocol

from slipstream.worker.execution import Execution


class LogSink(Protocol):
    """Who takes the logs of executions elsewhere. No call may block."""

    def begin(self, execution: Execution) -> None:
        """The execution has a process, which waits for leave to begin."""

    def started(self, execution: Execution) -> None:
        """It has leave, and is about to write."""

    def end(self, execution: Execution) -> None:
        """The execution has left the host; nothing more will be written."""


class NoLogSink:
    """Leaves the logs where they are."""

    def begin(self, execution: Execution) -> None:
        """Nothing to do."""

    def started(self, execution: Execution) -> None:
        """Nothing to do."""

    def end(self, execution: Execution) -> None:
        """Nothing to do."""
