"""The slow oracle: every rule straight from its definition, on lists of states.

Shares no code with the machine but the enums: no counters, no index arrays, no bit sets.
"""

from __future__ import annotations

from collections.abc import Sequence

from slipstream.spec import DagSpec, TaskSpec
from slipstream.state import TaskInstanceState as S

State = S | None
DONE = {S.SUCCESS, S.FAILED, S.SKIPPED, S.UPSTREAM_FAILED, S.REMOVED}
BAD = {S.FAILED, S.UPSTREAM_FAILED}
WAIT = "wait"
GO = "go"


def by_rule(rule: str, states: Sequence[State], setup_states: Sequence[State]) -> S | str:
    """Say what a rule decides for upstreams in ``states`` (no instance is ``removed``)."""
    done = [s for s in states if s in DONE]
    all_done = len(done) == len(states)
    n = {s: sum(1 for x in done if x is s) for s in DONE}
    any_bad = any(s in BAD for s in done)
    any_skip = n[S.SKIPPED] > 0
    any_good = n[S.SUCCESS] > 0
    if not states or rule == "always":
        return GO
    if rule == "all_success":
        if any_bad:
            return S.UPSTREAM_FAILED
        if any_skip:
            return S.SKIPPED
    elif rule == "all_failed":
        if any_good or any_skip:
            return S.SKIPPED
    elif rule == "one_success":
        if any_good:
            return GO
        if all_done:
            return S.SKIPPED if all(s is S.SKIPPED for s in states) else S.UPSTREAM_FAILED
    elif rule == "one_failed":
        if any_bad:
            return GO
        if all_done:
            return S.SKIPPED
    elif rule == "one_done":
        if any_good or n[S.FAILED]:
            return GO
        if all_done:
            return S.SKIPPED
    elif rule == "none_failed":
        if any_bad:
            return S.UPSTREAM_FAILED
    elif rule == "none_failed_min_one_success":
        if any_bad:
            return S.UPSTREAM_FAILED
        if all_done and not any_good:
            return S.SKIPPED
    elif rule in ("none_skipped", "all_done_min_one_success"):
        if any_skip:
            return S.SKIPPED
        if rule == "all_done_min_one_success" and all_done and not any_good:
            return S.UPSTREAM_FAILED
    elif rule == "all_skipped":
        if any(s is not S.SKIPPED for s in done):
            return S.SKIPPED
    elif rule == "all_done_setup_success":
        if all_done and setup_states:
            if all(s is S.SKIPPED for s in setup_states):
                return S.SKIPPED
            if not any(s is S.SUCCESS for s in setup_states):
                return S.UPSTREAM_FAILED
    else:
        assert rule == "all_done", rule
    return GO if all_done else WAIT


class Oracle:
    """Answers for one DAG of unmapped tasks."""

    def __init__(self, spec: DagSpec) -> None:
        self.tasks: dict[str, TaskSpec] = {t["task_id"]: t for t in spec["tasks"]}
        self.down = {t: set(s.get("downstream", ())) for t, s in self.tasks.items()}
        self.up = {t: {u for u in self.tasks if t in self.down[u]} for t in self.tasks}

    def flat(self, task_id: str, edges: dict[str, set[str]]) -> set[str]:
        found: set[str] = set()
        todo = list(edges[task_id])
        while todo:
            t = todo.pop()
            if t not in found:
                found.add(t)
                todo += edges[t]
        return found

    def flag(self, task_id: str, name: str) -> bool:
        return bool(self.tasks[task_id].get(name, False))

    def rule(self, task_id: str) -> str:
        default = "all_done_setup_success" if self.flag(task_id, "is_teardown") else "all_success"
        return self.tasks[task_id].get("trigger_rule", default)

    def far_setups(self, task_id: str) -> list[str]:
        """Setups above a task, not next to it, whose scope it is in."""
        later = {t for t in self.flat(task_id, self.down) if self.flag(t, "is_teardown")}
        found = []
        for s in self.flat(task_id, self.up) - self.up[task_id]:
            if not self.flag(s, "is_setup"):
                continue
            teardowns = {t for t in self.down[s] if self.flag(t, "is_teardown")}
            if not teardowns or teardowns & later:
                found.append(s)
        return found

    def decide(
        self, task_id: str, states: dict[str, State], skips: dict[str, Sequence[str]]
    ) -> S | str:
        """Say what a waiting instance does: ``wait``, ``go``, or the state it ends in."""
        for parent in self.up[task_id]:
            if states[parent] in DONE and task_id in skips.get(parent, ()):
                return S.SKIPPED
        rule = self.rule(task_id)
        if rule == "always" or not self.up[task_id]:
            return GO
        is_teardown = self.flag(task_id, "is_teardown")
        held = False
        if not is_teardown:
            setups = [states[s] for s in self.far_setups(task_id)]
            if any(s in BAD for s in setups):
                return S.UPSTREAM_FAILED
            if any(s is S.SKIPPED for s in setups):
                return S.SKIPPED
            held = any(s is not S.SUCCESS for s in setups)
        direct = by_rule(
            rule,
            [states[u] for u in self.up[task_id]],
            [states[u] for u in self.up[task_id] if self.flag(u, "is_setup")],
        )
        if direct != GO:
            return direct
        if is_teardown:
            setups_here = [u for u in self.up[task_id] if self.flag(u, "is_setup")]
            between = {
                t
                for s in setups_here
                for t in self.flat(s, self.down) & self.flat(task_id, self.up)
            } - self.up[task_id]
            held = any(states[t] not in DONE for t in between)
        return WAIT if held else GO

    def verdict(self, states: dict[str, State]) -> str | None:
        """Say how a run ends whose instances are all done; None while they are not."""
        if any(s not in DONE for s in states.values()):
            return None

        def counts(t: str) -> bool:
            return not self.flag(t, "is_teardown") or self.flag(t, "on_failure_fail_dagrun")

        leaves = [t for t in self.tasks if counts(t) and not any(map(counts, self.down[t]))]
        leaves = leaves or [t for t in self.tasks if not self.down[t]]
        return "failed" if any(states[t] in BAD for t in leaves) else "success"

    def weight(self, task_id: str) -> int:
        own = self.tasks[task_id].get("priority_weight", 1)
        rule = self.tasks[task_id].get("weight_rule", "downstream")
        if rule == "absolute":
            return own
        edges = self.down if rule == "downstream" else self.up
        return own + sum(self.tasks[t].get("priority_weight", 1) for t in self.flat(task_id, edges))
