"""``BashSensor``: waits until a command succeeds."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from slipstream.sdk import environment
from slipstream.sdk.exceptions import AirflowFailException
from slipstream.sdk.sensor import BaseSensorOperator
from slipstream.sdk.standard.subprocess_hook import SubprocessHook

if TYPE_CHECKING:
    from slipstream.sdk.context import Context


class BashSensor(BaseSensorOperator):
    """Runs ``bash_command`` until it exits with 0.

    :param retry_exit_code: the only exit code that means: look again (others fail the task)
    """

    template_fields: Collection[str] = ("bash_command", "env")

    def __init__(
        self,
        *,
        bash_command: str,
        env: dict[str, str] | None = None,
        output_encoding: str = "utf-8",
        retry_exit_code: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.bash_command = bash_command
        self.env = env
        self.output_encoding = output_encoding
        self.retry_exit_code = retry_exit_code

    def poke(self, context: Context) -> bool:
        result = SubprocessHook().run_command(
            ["bash", "-c", self.bash_command],
            env=self.env if self.env is not None else environment.inherited(),
            output_encoding=self.output_encoding,
        )
        if result.exit_code and self.retry_exit_code not in (None, result.exit_code):
            raise AirflowFailException(f"Bash command failed: exit code {result.exit_code}")
        return result.exit_code == 0
