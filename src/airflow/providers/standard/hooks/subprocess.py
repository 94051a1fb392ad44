"""``airflow.providers.standard.hooks.subprocess``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.subprocess_hook import (
    SubprocessHook,
    SubprocessResult,
    working_directory,
)

__all__ = ["SubprocessHook", "SubprocessResult", "working_directory"]
