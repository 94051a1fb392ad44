"""``ObjectStoragePath``: the name is there so that files import; using one is refused."""

from __future__ import annotations

from typing import Any

from slipstream.sdk.exceptions import NotSupportedYet


class ObjectStoragePath:
    """A path in object storage."""

    def __init__(self, *args: Any, conn_id: str | None = None, **kwargs: Any) -> None:
        where = f" ({args[0]})" if args else ""
        raise NotSupportedYet(f"object storage{where}")


def attach(*args: Any, **kwargs: Any) -> Any:
    """Register a file system."""
    raise NotSupportedYet("object storage (attach)")


def get_fs(scheme: str, *args: Any, **kwargs: Any) -> Any:
    """Return a file system."""
    raise NotSupportedYet(f"object storage ({scheme})")
