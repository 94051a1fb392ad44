"""``FileSensor``: waits for a file."""

from __future__ import annotations

import glob
import os
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from slipstream.sdk.sensor import BaseSensorOperator
from slipstream.sdk.standard.filesystem_hook import FSHook

if TYPE_CHECKING:
    from slipstream.sdk.context import Context


class FileSensor(BaseSensorOperator):
    """Waits until a file matches ``filepath``, below the folder of ``fs_conn_id``.

    A folder matches once it holds a file. Globs work; ``recursive`` lets ``**`` go deep.
    """

    template_fields: Collection[str] = ("filepath", "fs_conn_id")
    ui_color = "#91818a"

    def __init__(
        self,
        *,
        filepath: str,
        fs_conn_id: str = FSHook.default_conn_name,
        recursive: bool = False,
        deferrable: bool = False,
        start_from_trigger: bool = False,
        trigger_kwargs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        self.deferrable = deferrable
        super().__init__(**kwargs)
        self.filepath = filepath
        self.fs_conn_id = fs_conn_id
        self.recursive = recursive

    @property
    def path(self) -> str:
        """The whole pattern."""
        return os.path.join(FSHook(self.fs_conn_id).get_path(), self.filepath)

    def poke(self, context: Context) -> bool:
        self.log.info("Poking for file %s", self.path)
        for path in glob.glob(self.path, recursive=self.recursive):
            if os.path.isfile(path) or any(files for _, _, files in os.walk(path)):
                self.log.info("Found %s", path)
                return True
        return False
