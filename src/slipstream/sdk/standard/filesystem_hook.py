"""``FSHook``: a folder, named by a connection."""

from __future__ import annotations

from typing import Any

from slipstream.sdk.hook import BaseHook


class FSHook(BaseHook):
    """Gives the ``path`` in the connection's extra."""

    conn_name_attr = "fs_conn_id"
    default_conn_name = "fs_default"
    conn_type = "fs"
    hook_name = "File (path)"

    def __init__(self, fs_conn_id: str = default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.basepath = self.get_connection(fs_conn_id).extra_dejson.get("path", "")
        self.conn = None

    def get_conn(self) -> None:
        """Return nothing: there is no client."""

    def get_path(self) -> str:
        """Return the folder."""
        return str(self.basepath)
