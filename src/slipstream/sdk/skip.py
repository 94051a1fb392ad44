"""``SkipMixin``: operators that skip tasks downstream of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from slipstream.sdk.exceptions import AirflowException, DownstreamTasksSkipped

if TYPE_CHECKING:
    from slipstream.sdk.operator import BaseOperator
    from slipstream.sdk.runtime import RuntimeTaskInstance

XCOM_SKIPMIXIN_KEY = "skipmixin_key"
XCOM_SKIPMIXIN_SKIPPED = "skipped"
XCOM_SKIPMIXIN_FOLLOWED = "followed"


class SkipMixin:
    """Gives ``skip`` and ``skip_all_except``; both end ``execute`` by raising."""

    inherits_from_skipmixin = True

    def skip(self, ti: RuntimeTaskInstance, tasks: Iterable[Any]) -> None:
        """Skip these tasks (operators or ids), whatever their trigger rules say.

        :raises DownstreamTasksSkipped: unless there is nothing to skip
        """
        ids = [t if isinstance(t, str) else t.task_id for t in tasks]
        if not ids:
            return
        ti.keep_xcom(key=XCOM_SKIPMIXIN_KEY, value={XCOM_SKIPMIXIN_SKIPPED: ids})
        raise DownstreamTasksSkipped(tasks=ids)

    def skip_all_except(
        self, ti: RuntimeTaskInstance, branch_task_ids: str | Iterable[str] | None
    ) -> None:
        """Skip the direct downstream tasks that the chosen branches do not lead to.

        :param branch_task_ids: ids of tasks directly downstream; None or empty skips all
        :raises AirflowException: an id is no task of the DAG
        :raises DownstreamTasksSkipped: unless there is nothing to skip
        """
        chosen = _as_ids(branch_task_ids)
        task = ti.task
        dag = task.dag
        unknown = sorted(chosen - dag.task_dict.keys())
        if unknown:
            raise AirflowException(
                f"The branch leads to tasks that DAG {dag.dag_id!r} does not have: {unknown}"
            )
        if not task.downstream_task_ids:
            return
        followed = set(chosen)
        for i in chosen:
            followed |= dag.get_task(i).get_flat_relative_ids(upstream=False)
        skipped = [t.task_id for t in task.downstream_list if t.task_id not in followed]
        ti.keep_xcom(
            key=XCOM_SKIPMIXIN_KEY,
            value={XCOM_SKIPMIXIN_FOLLOWED: sorted(task.downstream_task_ids & followed)},
        )
        if skipped:
            raise DownstreamTasksSkipped(tasks=skipped)


def _as_ids(value: str | Iterable[str] | None) -> set[str]:
    if value is None:
        return set()
    if isinstance(value, str):
        return {value}
    if isinstance(value, Iterable):
        ids = list(value)
        wrong = {type(i).__name__ for i in ids if not isinstance(i, str)}
        if wrong:
            raise AirflowException(
                "A branch is chosen by task ids, which are strings: "
                f"{[i for i in ids if not isinstance(i, str)]} are not"
            )
        return set(ids)
    raise AirflowException(
        "A branch is chosen by a task id, several of them, or None, not by a "
        f"{type(value).__name__}"
    )


def skippable(tasks: Sequence[BaseOperator]) -> list[BaseOperator]:
    """Return the tasks without teardowns, which run all the same."""
    return [t for t in tasks if not t.is_teardown]
