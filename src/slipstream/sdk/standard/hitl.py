"""Operators that wait for a person's answer; refused with one clear error."""

from __future__ import annotations

from typing import Any

from slipstream.sdk.exceptions import NotSupportedYet
from slipstream.sdk.operator import BaseOperator


class HITLOperator(BaseOperator):
    """Asks a person and waits for the answer."""

    def __init__(self, **kwargs: Any) -> None:
        raise NotSupportedYet(f"{type(self).__name__} (task {kwargs.get('task_id')!r})")


class ApprovalOperator(HITLOperator):
    """Asks for approval."""


class HITLBranchOperator(HITLOperator):
    """Asks which branch to follow."""


class HITLEntryOperator(HITLOperator):
    """Asks for values."""


class HITLTrigger:
    """Waits for the answer."""

    def __init__(self, **kwargs: Any) -> None:
        raise NotSupportedYet("HITLTrigger")
