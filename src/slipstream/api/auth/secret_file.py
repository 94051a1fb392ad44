"""Small secret files: written atomically, readable by their owner only."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from slipstream.errors import ConfigError


def read(path: Path) -> str | None:
    """Return the file's text, None if there is no such file; raise ConfigError if unreadable."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as e:
        raise ConfigError(f"Cannot read {path}: {e}. Check its owner and mode.") from None


def replace(path: Path, text: str) -> None:
    """Write the file anew, mode 0600; readers see the old text or the new, never a part."""
    handle, name = _temporary(path)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as f:
            f.write(text)
        os.replace(name, path)
    except OSError as e:
        Path(name).unlink(missing_ok=True)
        raise ConfigError(f"Cannot write {path}: {e}.") from None


def _temporary(path: Path) -> tuple[int, str]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    except OSError as e:
        raise ConfigError(f"Cannot write below {path.parent}: {e}.") from None
