"""Where the parts' lines go: one stream, each line with its part's name, coloured on a terminal."""

from __future__ import annotations

import io
import sys
from typing import TextIO

_COLOURS = {
    "scheduler": "34",
    "dag-processor": "35",
    "api-server": "32",
    "standalone": "1",
}
_ERROR_PREFIX = "slipstream: "


class Console:
    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._coloured = self._stream.isatty()
        self._errors: set[str] = set()

    def say(self, part: str, line: str) -> None:
        """Print a part's line; an error that several parts have in common only once."""
        if line.startswith(_ERROR_PREFIX):
            if line in self._errors:
                return
            self._errors.add(line)
        width = max(map(len, _COLOURS))
        name = f"{part:<{width}}"
        if self._coloured:
            name = f"\x1b[{_COLOURS.get(part, '0')}m{name}\x1b[0m"
        try:
            print(f"{name} | {line}", file=self._stream, flush=True)
        except (BrokenPipeError, OSError):
            # Whoever read our output has gone; the services go on without an audience.
            self._stream = _Nowhere()


class _Nowhere(io.TextIOBase):
    """A stream that drops everything."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None: ...

    def isatty(self) -> bool:
        return False
