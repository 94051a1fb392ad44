"""Airflow's exception tree: what DAG files raise and catch. The engine's own is ``slipstream.errors``.

Names and bases are Airflow 3's. ``airflow.exceptions`` and ``airflow.sdk.exceptions`` re-export it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from slipstream.errors import ConfigError

AirflowConfigException = ConfigError  # what ``conf`` raises; as in Airflow 3, no AirflowException


class AirflowException(Exception):
    """Base of all errors that Airflow's API raises; ``status_code`` is what REST answers with."""

    status_code = 500


class NotSupportedYet(AirflowException):
    """A feature of Airflow that this version of Slipstream knows by name and does not have."""

    def __init__(self, feature: str) -> None:
        super().__init__(f"{feature} is not supported by this version of Slipstream")
        self.feature = feature


class AirflowBadRequest(AirflowException):
    """The server refuses the request as it stands."""

    status_code = 400


class AirflowNotFoundException(AirflowException):
    """The requested object does not exist."""

    status_code = 404


class AirflowOptionalProviderFeatureException(AirflowException):
    """A provider's optional dependency is not installed."""


class AirflowSecretsBackendAccessDenied(PermissionError):
    """A secrets backend refused to hand out the secret."""


class AirflowInternalRuntimeError(BaseException):
    """The engine itself is in a state that it must not be in."""


class AirflowRuntimeError(Exception):
    """A request from the task to its host failed."""

    def __init__(self, error: Any) -> None:
        super().__init__(str(error))
        self.error = error


class InvalidStatsNameException(AirflowException):
    """A metric's name has characters that the metrics backend does not take."""


# DAG definition


class AirflowDagCycleException(AirflowException):
    """The dependencies form a cycle."""


class AirflowDagDuplicatedIdException(AirflowException):
    """Two files define the same dag_id."""

    def __init__(self, dag_id: str, incoming: str, existing: str) -> None:
        super().__init__(dag_id, incoming, existing)
        self.dag_id, self.incoming, self.existing = dag_id, incoming, existing

    def __str__(self) -> str:
        return f"{self.incoming} defines DAG {self.dag_id!r}, but {self.existing} already does."


class AirflowClusterPolicyViolation(AirflowException):
    """A cluster policy rejects the DAG or the task."""


class AirflowClusterPolicySkipDag(AirflowException):
    """A cluster policy asks to leave the DAG out, without an import error."""


class AirflowClusterPolicyError(AirflowException):
    """A cluster policy itself failed."""


class AirflowTimetableInvalid(AirflowException):
    """The timetable's arguments make no schedule."""


class DuplicateTaskIdFound(AirflowException):
    """A task_id or group_id is used twice in a DAG."""


class TaskAlreadyInTaskGroup(AirflowException):
    """A task cannot be in two task groups."""

    def __init__(self, task_id: str, existing_group_id: str | None, new_group_id: str) -> None:
        super().__init__(task_id, existing_group_id, new_group_id)
        self.task_id = task_id
        self.existing_group_id = existing_group_id
        self.new_group_id = new_group_id

    def __str__(self) -> str:
        where = f"group {self.existing_group_id!r}" if self.existing_group_id else "the DAG's root"
        return (
            f"cannot add {self.task_id!r} to group {self.new_group_id!r}: it is already in {where}"
        )


class TaskNotFound(AirflowException):
    """The DAG has no such task."""


class NodeNotFound(TaskNotFound, KeyError):
    """The DAG has no such task or group."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class FailFastDagInvalidTriggerRule(AirflowException):
    """A DAG with fail_fast allows only tasks with the default trigger rule."""


class ParamValidationError(AirflowException, ValueError):
    """A param's value does not match its JSON schema."""


class NotMapped(Exception):
    """The task is not mapped, and neither is a group around it."""


# Lookups


class DagNotFound(AirflowNotFoundException):
    """There is no such DAG."""


class DagCodeNotFound(AirflowNotFoundException):
    """The DAG's source is not stored."""


class DagRunNotFound(AirflowNotFoundException):
    """There is no such dag run."""


class TaskInstanceNotFound(AirflowNotFoundException):
    """There is no such task instance."""


class PoolNotFound(AirflowNotFoundException):
    """There is no such pool."""


class DagRunAlreadyExists(AirflowBadRequest):
    """A run with this run_id or logical date already exists."""

    def __init__(self, dag_run: Any) -> None:
        dag_id, run_id = getattr(dag_run, "dag_id", None), getattr(dag_run, "run_id", dag_run)
        super().__init__(f"DAG {dag_id!r} already has a run {run_id!r}")
        self.dag_run = dag_run


class DagRunTypeNotAllowed(AirflowException):
    """The DAG's allowed_run_types exclude this type of run."""


class XComNotFound(AirflowException):
    """The XCom that an argument refers to was never pushed."""

    def __init__(self, dag_id: str, task_id: str, key: str) -> None:
        super().__init__()
        self.dag_id, self.task_id, self.key = dag_id, task_id, key

    def __str__(self) -> str:
        return f"Task {self.task_id!r} of DAG {self.dag_id!r} left no XCom {self.key!r}"


class XComForMappingNotPushed(TypeError):
    """A task that others map over returned nothing."""

    def __str__(self) -> str:
        return "it returned nothing, but another task is mapped over its result"


class UnmappableXComTypePushed(TypeError):
    """A task that others map over returned something without a length."""

    def __init__(self, value: Any, *values: Any) -> None:
        super().__init__(value, *values)

    def __str__(self) -> str:
        return (
            "another task is mapped over its result, which must be a list or a dict, "
            f"not a {type(self.args[0]).__qualname__}"
        )


class ConnectionNotUnique(AirflowException):
    """A connection id is defined more than once."""


class VariableNotUnique(AirflowException):
    """A variable is defined more than once."""


class SerializationError(AirflowException):
    """The DAG cannot be serialized."""


class DeserializationError(Exception):
    """A stored DAG cannot be read."""

    def __init__(self, dag_id: str | None = None, message: str | None = None) -> None:
        self.dag_id = dag_id
        super().__init__(message or f"cannot deserialize DAG {dag_id!r}")


class DeserializingResultError(ValueError):
    """A subprocess's result cannot be read back (pickled under another Python, perhaps)."""

    def __str__(self) -> str:
        return (
            "Cannot read the result of the Python subprocess: it holds an object that this "
            "process cannot import. Return plain data instead."
        )


class UnknownExecutorException(ValueError):
    """No executor of that name."""


class AirflowClearRunningTaskException(AirflowException):
    """A running task instance was asked not to be cleared."""


# How a task ends


class AirflowFailException(AirflowException):
    """Fail the task now, without retries."""


class AirflowSkipException(AirflowException):
    """Mark the task skipped."""


class AirflowSensorTimeout(AirflowException):
    """The sensor waited longer than its timeout."""


class AirflowTaskTimeout(BaseException):
    """The task ran longer than its execution_timeout."""


class AirflowTaskTerminated(BaseException):
    """The task's process was told to end."""


class AirflowRescheduleException(AirflowException):
    """Free the worker and run the task again at ``reschedule_date``."""

    def __init__(self, reschedule_date: datetime) -> None:
        super().__init__(f"reschedule at {reschedule_date}")
        self.reschedule_date = reschedule_date


class AirflowInactiveAssetInInletOrOutletException(AirflowFailException):
    """An inlet or outlet asset is not active."""

    def __init__(self, inactive_asset_keys: Collection[Any]) -> None:
        super().__init__(f"inactive assets: {', '.join(map(str, inactive_asset_keys))}")
        self.inactive_asset_keys = inactive_asset_keys


class DownstreamTasksSkipped(AirflowException):
    """The task succeeded and decided that these tasks are skipped (branching, short circuit).

    :param tasks: task ids, or (task id, map index) pairs
    """

    def __init__(self, *, tasks: Sequence[str | tuple[str, int]]) -> None:
        super().__init__()
        self.tasks = tasks


class DagRunTriggerException(AirflowException):
    """The task asks its host to trigger another DAG, and perhaps to wait for it."""

    def __init__(
        self,
        *,
        trigger_dag_id: str,
        dag_run_id: str,
        conf: dict[str, Any] | None,
        logical_date: datetime | None = None,
        run_after: datetime | None = None,
        reset_dag_run: bool,
        skip_when_already_exists: bool,
        wait_for_completion: bool,
        allowed_states: list[str],
        failed_states: list[str],
        poke_interval: int,
        deferrable: bool,
        note: str | None = None,
    ) -> None:
        super().__init__(f"trigger {trigger_dag_id} {dag_run_id}")
        self.trigger_dag_id = trigger_dag_id
        self.dag_run_id = dag_run_id
        self.conf = conf
        self.logical_date = logical_date
        self.run_after = run_after
        self.reset_dag_run = reset_dag_run
        self.skip_when_already_exists = skip_when_already_exists
        self.wait_for_completion = wait_for_completion
        self.allowed_states = allowed_states
        self.failed_states = failed_states
        self.poke_interval = poke_interval
        self.deferrable = deferrable
        self.note = note


class TaskDeferred(BaseException):
    """The task gives up its process until ``trigger`` fires, then resumes in ``method_name``."""

    def __init__(
        self,
        *,
        trigger: Any,
        method_name: str,
        kwargs: dict[str, Any] | None = None,
        timeout: timedelta | float | None = None,
    ) -> None:
        super().__init__()
        self.trigger = trigger
        self.method_name = method_name
        self.kwargs = kwargs
        self.timeout = timedelta(seconds=timeout) if isinstance(timeout, int | float) else timeout

    def __repr__(self) -> str:
        return f"<TaskDeferred trigger={self.trigger} method={self.method_name}>"


class TaskAwaitingInput(BaseException):
    """The task waits for a person's answer, then resumes in ``method_name``."""

    def __init__(
        self,
        *,
        method_name: str,
        kwargs: dict[str, Any] | None = None,
        timeout: timedelta | None = None,
    ) -> None:
        super().__init__()
        self.method_name = method_name
        self.kwargs = kwargs
        self.timeout = timeout


class TaskDeferralError(AirflowException):
    """A deferred task's trigger failed."""


class TaskDeferralTimeout(AirflowException):
    """A deferred task's trigger did not fire in time."""


class TaskAlreadyRunningError(AirflowException):
    """Another process already runs this attempt."""


# Warnings


class RemovedInAirflow4Warning(DeprecationWarning):
    """Goes away in Airflow 4."""


class RemovedInAirflow3Warning(DeprecationWarning):
    """Went away in Airflow 3; Slipstream still accepts it."""


class AirflowProviderDeprecationWarning(DeprecationWarning):
    """A provider's feature goes away in its next major version."""


class DeprecatedImportWarning(FutureWarning):
    """The name moved; its old import path still works here."""


class AirflowContextDeprecationWarning(DeprecationWarning):
    """A context key went away."""
