"""``SmoothOperator``: plays a tune by leaving a link to it in the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slipstream.sdk.operator import BaseOperator

if TYPE_CHECKING:
    from slipstream.sdk.context import Context


class SmoothOperator(BaseOperator):
    """Logs where to listen to Sade's "Smooth Operator"."""

    ui_color = "#e8f7e4"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.yt_link = "https://www.youtube.com/watch?v=4TYv2PhG89A"

    def execute(self, context: Context) -> None:
        self.log.info("No operator is smoother than this one: %s", self.yt_link)
