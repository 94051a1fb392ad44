"""``@task.stub``: a task that another language's SDK runs; refused with one clear error."""

from __future__ import annotations

from typing import Any

from slipstream.sdk.exceptions import NotSupportedYet


def stub_task(*args: Any, **kwargs: Any) -> Any:
    """Make a task that is run elsewhere."""
    raise NotSupportedYet("@task.stub")
