"""``[logging] namespace_levels``: levels of single loggers."""

from __future__ import annotations

import logging
import re

from slipstream.config import conf
from slipstream.errors import ConfigError


def levels() -> dict[str, int]:
    """Return the levels by logger; raise ConfigError."""
    found: dict[str, int] = {}
    text = conf.get("logging", "namespace_levels", fallback="")
    for part in filter(None, re.split(r"[\s,]+", text)):
        name, is_pair, word = part.partition("=")
        level = logging.getLevelNamesMapping().get(word.upper())
        if not (name and is_pair and level is not None):
            raise ConfigError(
                f"[logging] namespace_levels: {part!r} is not like sqlalchemy.engine=DEBUG"
            )
        found[name] = level
    return found


def apply() -> None:
    """Give each logger its level; raise ConfigError."""
    for name, level in levels().items():
        logging.getLogger(name).setLevel(level)
