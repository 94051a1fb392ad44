"""``@task.virtualenv`` and its relatives; refused with one clear error."""

from __future__ import annotations

from typing import Any

from slipstream.sdk.exceptions import NotSupportedYet


def virtualenv_task(*args: Any, **kwargs: Any) -> Any:
    """Make a task that runs in a virtual environment."""
    raise NotSupportedYet("@task.virtualenv")


def external_python_task(*args: Any, **kwargs: Any) -> Any:
    """Make a task that runs under another interpreter."""
    raise NotSupportedYet("@task.external_python")


def branch_virtualenv_task(*args: Any, **kwargs: Any) -> Any:
    """Make a branching task that runs in a virtual environment."""
    raise NotSupportedYet("@task.branch_virtualenv")


def branch_external_python_task(*args: Any, **kwargs: Any) -> Any:
    """Make a branching task that runs under another interpreter."""
    raise NotSupportedYet("@task.branch_external_python")
