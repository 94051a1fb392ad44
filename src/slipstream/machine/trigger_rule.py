"""The trigger rules: from counts of upstream states to what a task instance may do.

Pure arithmetic on counters, as Airflow 3.3 decides; the counters themselves belong to ``core``.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

from slipstream.state import TaskInstanceState, TriggerRule

SKIPPED = TaskInstanceState.SKIPPED
UPSTREAM_FAILED = TaskInstanceState.UPSTREAM_FAILED
REMOVED = TaskInstanceState.REMOVED


class Gate(Enum):
    """The two verdicts that are not a state."""

    WAIT = auto()
    OPEN = auto()


WAIT = Gate.WAIT
OPEN = Gate.OPEN

Verdict = Gate | TaskInstanceState
"""Wait, go, or end at once in this state (skipped, upstream_failed, removed)."""


class UpstreamCounts:
    """How many upstream task instances there are, and how many ended in which state.

    ``setup_*`` count those among them that belong to setup tasks.
    """

    __slots__ = (
        "failed",
        "removed",
        "setup_skipped",
        "setup_success",
        "setup_total",
        "skipped",
        "success",
        "total",
        "upstream_failed",
    )

    def __init__(self) -> None:
        self.total = 0
        self.success = 0
        self.skipped = 0
        self.failed = 0
        self.upstream_failed = 0
        self.removed = 0
        self.setup_total = 0
        self.setup_success = 0
        self.setup_skipped = 0

    @property
    def done(self) -> int:
        return self.success + self.skipped + self.failed + self.upstream_failed + self.removed

    def add(self, state: TaskInstanceState | None, is_setup: bool, n: int = 1) -> None:
        """Count ``n`` more upstream instances in a terminal state (not into ``total``)."""
        if state is TaskInstanceState.SUCCESS:
            self.success += n
            if is_setup:
                self.setup_success += n
        elif state is SKIPPED:
            self.skipped += n
            if is_setup:
                self.setup_skipped += n
        elif state is TaskInstanceState.FAILED:
            self.failed += n
        elif state is UPSTREAM_FAILED:
            self.upstream_failed += n
        elif state is REMOVED:
            self.removed += n

    def include(self, other: UpstreamCounts) -> None:
        """Add another count to this one."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def as_dict(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in sorted(self.__slots__)}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UpstreamCounts) and self.as_dict() == other.as_dict()

    __hash__ = None  # type: ignore[assignment]


def evaluate(rule: TriggerRule, up: UpstreamCounts, map_index: int) -> Verdict:
    """Decide by the direct upstream; a task without any may always go."""
    if not up.total:
        return OPEN
    return _RULES[rule](up, map_index)


def _all_success(up: UpstreamCounts, map_index: int) -> Verdict:
    if up.failed or up.upstream_failed:
        return UPSTREAM_FAILED
    if up.skipped:
        return SKIPPED
    if up.removed and up.success and map_index >= up.success:
        return REMOVED
    return OPEN if up.success + up.removed >= up.total else WAIT


def _all_failed(up: UpstreamCounts, _: int) -> Verdict:
    if up.success or up.skipped:
        return SKIPPED
    return OPEN if up.failed + up.upstream_failed + up.removed >= up.total else WAIT


def _all_done(up: UpstreamCounts, _: int) -> Verdict:
    return OPEN if up.done >= up.total else WAIT


def _all_done_min_one_success(up: UpstreamCounts, _: int) -> Verdict:
    if up.skipped:
        return SKIPPED
    if up.success + up.failed + up.upstream_failed + up.removed < up.total:
        return WAIT
    return OPEN if up.success else UPSTREAM_FAILED


def _all_done_setup_success(up: UpstreamCounts, _: int) -> Verdict:
    if up.done < up.total:
        return WAIT
    if up.setup_total and up.setup_skipped >= up.setup_total:
        return SKIPPED
    if up.setup_total and not up.setup_success:
        return UPSTREAM_FAILED
    return OPEN


def _one_success(up: UpstreamCounts, _: int) -> Verdict:
    if up.success:
        return OPEN
    if up.done < up.total:
        return WAIT
    return SKIPPED if up.done == up.skipped else UPSTREAM_FAILED


def _one_failed(up: UpstreamCounts, _: int) -> Verdict:
    if up.failed or up.upstream_failed:
        return OPEN
    return SKIPPED if up.done >= up.total else WAIT


def _one_done(up: UpstreamCounts, _: int) -> Verdict:
    # Only success and failure count as done here, as in Airflow.
    if up.success or up.failed:
        return OPEN
    return SKIPPED if up.done >= up.total else WAIT


def _none_failed(up: UpstreamCounts, _: int) -> Verdict:
    if up.failed or up.upstream_failed:
        return UPSTREAM_FAILED
    return OPEN if up.success + up.skipped + up.removed >= up.total else WAIT


def _none_failed_min_one_success(up: UpstreamCounts, _: int) -> Verdict:
    if up.failed or up.upstream_failed:
        return UPSTREAM_FAILED
    if up.skipped == up.total:
        return SKIPPED
    if up.done < up.total:
        return WAIT
    return OPEN if up.success else UPSTREAM_FAILED


def _none_skipped(up: UpstreamCounts, _: int) -> Verdict:
    if up.skipped:
        return SKIPPED
    return OPEN if up.done >= up.total else WAIT


def _all_skipped(up: UpstreamCounts, _: int) -> Verdict:
    if up.success or up.failed or up.upstream_failed:
        return SKIPPED
    return OPEN if up.skipped >= up.total else WAIT


def _always(_up: UpstreamCounts, _: int) -> Verdict:
    return OPEN


_RULES: dict[TriggerRule, Callable[[UpstreamCounts, int], Verdict]] = {
    TriggerRule.ALL_SUCCESS: _all_success,
    TriggerRule.ALL_FAILED: _all_failed,
    TriggerRule.ALL_DONE: _all_done,
    TriggerRule.ALL_DONE_MIN_ONE_SUCCESS: _all_done_min_one_success,
    TriggerRule.ALL_DONE_SETUP_SUCCESS: _all_done_setup_success,
    TriggerRule.ONE_SUCCESS: _one_success,
    TriggerRule.ONE_FAILED: _one_failed,
    TriggerRule.ONE_DONE: _one_done,
    TriggerRule.NONE_FAILED: _none_failed,
    TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS: _none_failed_min_one_success,
    TriggerRule.NONE_SKIPPED: _none_skipped,
    TriggerRule.ALL_SKIPPED: _all_skipped,
    TriggerRule.ALWAYS: _always,
}


def evaluate_setups(up: UpstreamCounts, map_index: int) -> Verdict:
    """Decide by the distant setups (``Scopes.distant_setups``): one bad end is enough."""
    if up.failed or up.upstream_failed:
        return UPSTREAM_FAILED
    if up.skipped:
        return SKIPPED
    if up.removed and up.success and map_index >= up.success:
        return REMOVED
    missing = up.total - up.success - (up.removed if map_index > -1 else 0)
    return WAIT if missing > 0 else OPEN
