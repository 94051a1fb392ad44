"""Branching: an operator that chooses which of its downstream tasks run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from slipstream.sdk.operator import BaseOperator
from slipstream.sdk.skip import SkipMixin

if TYPE_CHECKING:
    from slipstream.sdk.context import Context
    from slipstream.sdk.dag import DAG


class BranchMixIn(SkipMixin):
    """Gives ``do_branch``."""

    def do_branch(self, context: Context, branches_to_execute: str | Iterable[str] | None) -> Any:
        """Follow these branches (ids of tasks or task groups) and skip the others.

        :raises DownstreamTasksSkipped: unless there is nothing to skip
        """
        ti = context["ti"]
        dag = context["task"].dag
        chosen: Any = branches_to_execute
        if isinstance(chosen, str):
            chosen = _members(dag, chosen)
        elif isinstance(chosen, Iterable):
            chosen = [m for i in chosen for m in (_members(dag, i) if isinstance(i, str) else [i])]
        context["task"].log.info("Following branch %s", branches_to_execute)
        self.skip_all_except(ti, chosen)
        return branches_to_execute


def _members(dag: DAG, branch: str) -> list[str]:
    """Return the id itself, or the ids of a group's first tasks."""
    if branch not in dag.task_dict and branch in (groups := dag.task_group_dict):
        return [t.task_id for t in groups[branch].get_roots()]
    return [branch]


class BaseBranchOperator(BaseOperator, BranchMixIn):
    """Base of branching operators: write ``choose_branch``."""

    inherits_from_skipmixin = True

    def choose_branch(self, context: Context) -> str | Iterable[str] | None:
        """Return the id or ids of the tasks (or task groups) to follow."""
        raise NotImplementedError(f"{type(self).__name__} must define choose_branch(self, context)")

    def execute(self, context: Context) -> Any:
        return self.do_branch(context, self.choose_branch(context))
