"""``EmptyOperator``: a node that groups dependencies and does nothing."""

from __future__ import annotations

from typing import Any

from slipstream.sdk.operator import BaseOperator


class EmptyOperator(BaseOperator):
    """Does nothing; the engine completes it without a process."""

    ui_color = "#e8f7e4"
    inherits_from_empty_operator = True

    def execute(self, context: Any) -> None:
        return None
