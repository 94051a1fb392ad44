"""``BashOperator``: a shell command in the task's process group."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Container, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from slipstream.sdk import environment
from slipstream.sdk.context import context_to_environment
from slipstream.sdk.exceptions import AirflowException, AirflowSkipException
from slipstream.sdk.operator import BaseOperator
from slipstream.sdk.standard.subprocess_hook import SubprocessHook
from slipstream.sdk.types import ArgNotSet

if TYPE_CHECKING:
    from slipstream.sdk.context import Context


def _unchanged(output: str) -> Any:
    return output


class BashOperator(BaseOperator):
    """Runs a command; the last line of its output becomes the XCom ``return_value``.

    :param bash_command: the command, or a path ending in ``.sh`` or ``.bash`` of a template file
    :param env: the whole environment (with ``append_env``, additions to the task's own)
    :param skip_on_exit_code: exit codes that mean: skip this task (None: no such code)
    :param cwd: where to run; a temporary folder when not given
    :param output_processor: makes the XCom out of the last line
    """

    template_fields: Collection[str] = ("bash_command", "env", "cwd")
    template_fields_renderers: ClassVar[dict[str, str]] = {"bash_command": "bash", "env": "json"}
    template_ext: Sequence[str] = (".sh", ".bash")
    ui_color = "#f0ede4"

    def __init__(
        self,
        *,
        bash_command: str | ArgNotSet,
        env: dict[str, str] | None = None,
        append_env: bool = False,
        output_encoding: str = "utf-8",
        skip_on_exit_code: int | Container[int] | None = 99,
        cwd: str | None = None,
        output_processor: Callable[[str], Any] = _unchanged,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.bash_command = bash_command
        self.env = env
        self.append_env = append_env
        self.output_encoding = output_encoding
        self.skip_on_exit_code = _as_codes(skip_on_exit_code)
        self.cwd = cwd
        self.output_processor = output_processor
        self._hook: SubprocessHook | None = None

    @property
    def subprocess_hook(self) -> SubprocessHook:
        """What runs the command."""
        if self._hook is None:
            self._hook = SubprocessHook()
        return self._hook

    def get_env(self, context: Context) -> dict[str, str]:
        """Return the command's environment."""
        inherits = self.append_env or self.env is None
        env = environment.inherited() if inherits else {}
        env.update(self.env or {})
        env.update(context_to_environment(context))
        return env

    def execute(self, context: Context) -> Any:
        bash_path = shutil.which("bash") or "bash"
        if self.cwd is not None:
            if not os.path.exists(self.cwd):
                raise AirflowException(
                    f"The working folder {self.cwd} does not exist: create it, or correct cwd"
                )
            if not os.path.isdir(self.cwd):
                raise AirflowException(f"The working folder {self.cwd} is no folder: correct cwd")
        result = self.subprocess_hook.run_command(
            command=[bash_path, "-c", str(self.bash_command)],
            env=self.get_env(context),
            output_encoding=self.output_encoding,
            cwd=self.cwd,
        )
        if result.exit_code in self.skip_on_exit_code:
            raise AirflowSkipException(
                f"The command ended with exit code {result.exit_code}, which skip_on_exit_code "
                "lists"
            )
        if result.exit_code != 0:
            raise AirflowException(
                f"The command failed with exit code {result.exit_code}: its output above tells why"
            )
        return self.output_processor(result.output)

    def on_kill(self) -> None:
        if self._hook is not None:
            self._hook.send_sigterm()


def _as_codes(value: int | Container[int] | None) -> Container[int]:
    if value is None:
        return ()
    return (value,) if isinstance(value, int) else value
