"""Logs of a host beside the database, on their way to a remote log folder.

What an attempt has written is uploaded when its process has ended (``remote_log``). The journal says
which attempts are writing, so that the logs of those that die with a host are uploaded by the next
one of the machine.
"""

from __future__ import annotations

from slipstream.worker.execution import Execution
from slipstream.worker.log_journal import LogJournal, OpenLog, part_of, take_left
from slipstream.worker.remote_log.launcher import Uploads


class LogUploader:
    """Has the logs of this host's attempts uploaded."""

    def __init__(self, journal: LogJournal, uploads: Uploads) -> None:
        self._journal = journal
        self._uploads = uploads
        self._open: dict[str, OpenLog] = {}

    def resume(self) -> None:
        """See to what dead hosts of this machine have left."""
        for left in take_left(self._journal.path.parent):
            for each in left.logs:
                self._uploads.ask(each.path, each.name, each.start)
                left.over(each.id)
        self._uploads.resume()

    def begin(self, execution: Execution) -> None:
        """Note where the log ends before the execution writes to it."""
        each = part_of(execution)
        if each is not None:
            self._open.setdefault(each.id, each)

    def started(self, execution: Execution) -> None:
        """From here on, something of the attempt's is in its log."""
        each = self._open.get(execution.attempt_id)
        if each is not None:
            self._journal.note(each)

    def end(self, execution: Execution) -> None:
        """Have the log uploaded; of an execution that never began there is none."""
        each = self._open.pop(execution.attempt_id, None)
        if each is None:
            return
        if execution.has_begun:
            self._uploads.ask(each.path, each.name, each.start)
        self._journal.over(each.id)

    def close(self, timeout_s: float) -> None:
        """Wait for uploads, within this time; those that are left are in their folder."""
        self._journal.close()
        self._uploads.close(timeout_s)
