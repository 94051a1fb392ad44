"""Log lines for the author of a DAG file whose tasks run inside a command."""

from __future__ import annotations

import logging
from typing import Any

from slipstream.cli.service.process import DATE_FORMAT
from slipstream.task.failure import format_error


class AuthorFormatter(logging.Formatter):
    """Time, level and message; tracebacks start in the author's file."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", DATE_FORMAT)

    def formatException(self, ei: Any) -> str:  # noqa: N802 (logging's name)
        return format_error(ei[1]).rstrip()
