"""The standard triggers by name; deferral is refused with one clear error."""

from __future__ import annotations

from typing import Any

from slipstream.sdk.exceptions import NotSupportedYet


class _Refused:
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotSupportedYet(f"deferral ({type(self).__name__})")


class DateTimeTrigger(_Refused):
    """Fires at a moment."""


class TimeDeltaTrigger(DateTimeTrigger):
    """Fires after a while."""


class FileTrigger(_Refused):
    """Fires when a file is there."""


class FileDeleteTrigger(_Refused):
    """Fires when a file is there, and deletes it."""


class DirectoryFileDeleteTrigger(_Refused):
    """Fires when a folder has a file, and deletes it."""


class WorkflowTrigger(_Refused):
    """Fires when tasks of another DAG have ended."""


class DagStateTrigger(_Refused):
    """Fires when a run of another DAG has ended."""
