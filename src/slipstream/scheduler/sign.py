"""The tokens of workloads that leave for remote hosts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from slipstream.attempt import Workload
from slipstream.executors.base import Executor
from slipstream.token import ExecutionTokens, Scope, start_lifetime_s


class TokenSigner:
    """Gives workloads their start tokens; reads the key only when an executor is remote."""

    def __init__(self, executors: Mapping[str, Executor]) -> None:
        self._remote = {name for name, each in executors.items() if each.capabilities.is_remote}
        self._tokens = ExecutionTokens.configured() if self._remote else None
        self._lifetime_s = start_lifetime_s()

    def sign(self, executor: str, workloads: Iterable[Workload], now: datetime) -> None:
        """Put a token into each workload, if this executor's hosts need one."""
        if self._tokens is None or executor not in self._remote:
            return
        for workload in workloads:
            workload.token = self._tokens.issue(
                Scope.START if workload.kind == "task" else Scope.CALLBACK,
                workload.attempt_id,
                now,
                self._lifetime_s,
                workload.log_path,
                workload.dag_run_pk,
            )
