"""Which DAG and task group the code being executed defines tasks in.

``with DAG(...)`` and ``with TaskGroup(...)`` push here. While a file is loaded, ``loader`` also
collects here the DAGs that nothing in the module's globals holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slipstream.sdk.dag import DAG
    from slipstream.sdk.taskgroup import TaskGroup


class DagContext:
    """The stack of open DAGs, and the collector of the file being loaded."""

    _stack: list[DAG] = []
    collected: list[DAG] | None = None
    """Set by the loader while it executes a file."""
    checks_schedules: bool = False
    """Whether ``DAG()`` itself refuses a bad schedule, so that the traceback names the line.
    A task's process has no use for timetables, and is spared the import."""

    @classmethod
    def push(cls, dag: DAG) -> None:
        cls._stack.append(dag)
        TaskGroupContext.push(dag.task_group)

    @classmethod
    def pop(cls) -> DAG:
        TaskGroupContext.pop()
        dag = cls._stack.pop()
        if cls.collected is not None and dag.auto_register:
            cls.collected.append(dag)
        return dag

    @classmethod
    def get_current(cls) -> DAG | None:
        """Return the innermost open DAG."""
        return cls._stack[-1] if cls._stack else None

    get_current_dag = get_current

    @classmethod
    def reset(cls) -> None:
        """Forget everything: a file that failed half-way leaves open contexts behind."""
        cls._stack.clear()
        TaskGroupContext._stack.clear()


class TaskGroupContext:
    """The stack of open task groups."""

    _stack: list[TaskGroup] = []

    @classmethod
    def push(cls, group: TaskGroup) -> None:
        cls._stack.append(group)

    @classmethod
    def pop(cls) -> TaskGroup:
        return cls._stack.pop()

    @classmethod
    def get_current(cls, dag: DAG | None) -> TaskGroup | None:
        """Return the innermost open group of ``dag``, or the DAG's root group."""
        if cls._stack and (dag is None or cls._stack[-1].dag is dag):
            return cls._stack[-1]
        if dag is None:
            dag = DagContext.get_current()
        return dag.task_group if dag is not None else None

    get_current_task_group = get_current
