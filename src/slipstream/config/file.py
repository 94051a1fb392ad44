"""Reading ``airflow.cfg``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from slipstream.errors import ConfigError

if TYPE_CHECKING:
    import re
    from configparser import RawConfigParser

_MAX_DEPTH = 10
"""So deep values may be inserted in each other; configparser's own limit."""


class ConfigFile:
    """The options that one ``airflow.cfg`` sets; a file that does not exist sets none."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._parser = _parse(path)

    def get(self, section: str, key: str) -> str | None:
        """Return an option's text with percent signs unescaped, or None when it is not set."""
        if self._parser is None or not self._parser.has_option(section, key):
            return None
        return self._unescape(section, self._parser.get(section, key))

    def sections(self) -> list[str]:
        return self._parser.sections() if self._parser else []

    def keys(self, section: str) -> list[str]:
        if self._parser is None or not self._parser.has_section(section):
            return []
        return self._parser.options(section)

    def _unescape(self, section: str, text: str, depth: int = _MAX_DEPTH) -> str:
        """Resolve ``%%`` and ``%(key)s``, also in what is inserted.

        A ``%(name)s`` that names no key of the section is left as it is: in airflow.cfg it is
        nearly always a logging format whose author did not double the percent sign.
        """

        if "%" not in text or depth == 0:
            return text
        import re  # only values with a percent sign

        def replace(match: re.Match[str]) -> str:
            name = match.group(1)
            if name is None:
                return "%"
            assert self._parser is not None
            if not self._parser.has_option(section, name):
                return match.group(0)
            return self._unescape(section, self._parser.get(section, name), depth - 1)

        return re.sub(r"%%|%\(([^)]+)\)s", replace, text)


def _parse(path: str) -> RawConfigParser | None:
    if not os.path.exists(path):
        return None
    import configparser  # only where there is a file

    parser = configparser.RawConfigParser(strict=False)
    try:
        with open(path, encoding="utf-8") as file:
            parser.read_file(file)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"Cannot read {path}: {error}.") from error
    except configparser.Error as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"{path} is not a valid configuration file: {reason}") from error
    return parser
