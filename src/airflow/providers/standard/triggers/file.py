"""``airflow.providers.standard.triggers.file``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.trigger import (
    DirectoryFileDeleteTrigger,
    FileDeleteTrigger,
    FileTrigger,
)

__all__ = ["DirectoryFileDeleteTrigger", "FileDeleteTrigger", "FileTrigger"]
