"""Loggers of user code, and the entry points of secrets masking."""

from __future__ import annotations

import logging
import re
from typing import Any

from slipstream.sdk.mask import mask_secret, redact
from slipstream.sdk.public_name import public_path

__all__ = ["LoggingMixin", "mask_secret", "redact", "remove_escape_codes"]

_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


def remove_escape_codes(text: str) -> str:
    """Return the text without terminal colours."""
    return _ESCAPES.sub("", text)


class LoggingMixin:
    """Gives ``self.log``, a logger named after the class."""

    _log: logging.Logger | None = None
    _log_config_logger_name: str | None = None
    _logger_name: str | None = None

    def __init__(self, context: Any = None) -> None:
        """Take Airflow's argument, which has no meaning here."""

    @classmethod
    def _logger_for(cls, prefix: str | None, name: str | None) -> logging.Logger:
        full = name or public_path(cls)
        return logging.getLogger(f"{prefix}.{full}" if prefix else full)

    @classmethod
    def logger(cls) -> logging.Logger:
        """Return the class's logger."""
        return cls._logger_for(cls._log_config_logger_name, cls._logger_name)

    @property
    def log(self) -> logging.Logger:
        if self._log is None:
            self._log = self._logger_for(self._log_config_logger_name, self._logger_name)
        return self._log
