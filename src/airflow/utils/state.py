"""``airflow.utils.state``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.state import JobState, State, TerminalTIState
from slipstream.state import DagRunState, TaskInstanceState

__all__ = ["DagRunState", "JobState", "State", "TaskInstanceState", "TerminalTIState"]
