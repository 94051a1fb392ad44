"""``BaseOperator``: every argument that a task can have, checked when the DAG file runs.

Owns what a task *is*. What a task process calls lives in ``executable``, and when it does, in
``execute``; how a task is written down, in ``serialize``; how constructor arguments find their
defaults, in ``construction``.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self

from slipstream.sdk import operator_defaults
from slipstream.sdk.construction import OperatorMeta, construction_of
from slipstream.sdk.dag_args import as_datetime
from slipstream.sdk.dagcontext import TaskGroupContext
from slipstream.sdk.exceptions import AirflowException, NotSupportedYet
from slipstream.sdk.executable import Executable
from slipstream.sdk.key import validate_key
from slipstream.sdk.node import DAGNode, DependencyMixin
from slipstream.sdk.operator_args import (
    as_callbacks,
    as_execution_timeout,
    as_timedelta,
    check_arguments,
    checked_trigger_rule,
    checked_weight_rule,
    legacy_arguments,
)
from slipstream.sdk.param import ParamsDict
from slipstream.sdk.timezone import Moment
from slipstream.sdk.types import NOTSET, ArgNotSet
from slipstream.state import TriggerRule

if TYPE_CHECKING:
    from slipstream.sdk.context import Context
    from slipstream.sdk.dag import DAG
    from slipstream.sdk.edge import EdgeModifier
    from slipstream.sdk.mapped import OperatorPartial
    from slipstream.sdk.setup_teardown import SetupTeardownScope
    from slipstream.sdk.taskgroup import TaskGroup
    from slipstream.sdk.xcom_arg import XComArg

    Callback = Callable[[Context], Any]

DEFAULT_OWNER = operator_defaults.OWNER
DEFAULT_POOL_SLOTS = 1
DEFAULT_PRIORITY_WEIGHT = 1
DEFAULT_QUEUE = operator_defaults.QUEUE
DEFAULT_RETRIES = operator_defaults.RETRIES
DEFAULT_RETRY_DELAY = operator_defaults.RETRY_DELAY
DEFAULT_POOL = "default_pool"
DEFAULT_TRIGGER_RULE = TriggerRule.ALL_SUCCESS
DEFAULT_WEIGHT_RULE = operator_defaults.WEIGHT_RULE
DB_SAFE_MINIMUM, DB_SAFE_MAXIMUM = -2147483648, 2147483647


class BaseOperator(DAGNode, Executable, metaclass=OperatorMeta):
    """Base of all operators: subclass it and write ``execute(self, context)``.

    All arguments are keywords; any of them may come from ``default_args``. Datetimes without a
    zone are of the default time zone. ``retry_exponential_backoff`` is the factor by which each
    delay grows (True is 2.0; 0 is a constant delay).

    :raises TypeError: an argument has the wrong type, or is none of the class's
    :raises ValueError: a value is out of its range
    """

    start_date = Moment()
    end_date = Moment()
    template_fields: Collection[str] = ()
    template_ext: Sequence[str] = ()
    template_fields_renderers: ClassVar[dict[str, str]] = {}
    shallow_copy_attrs: Sequence[str] = ()
    ui_color: str = "#fff"
    ui_fgcolor: str = "#000"
    operator_extra_links: Collection[Any] = ()
    inherits_from_empty_operator: bool = False
    inherits_from_skipmixin: bool = False
    start_trigger_args: Any = None
    start_from_trigger: bool = False
    overwrite_rtif_after_execution: bool = False
    is_setup: bool = False
    is_teardown: bool = False
    is_sensor: ClassVar[bool] = False
    is_mapped: ClassVar[bool] = False
    multiple_outputs: bool = False
    _constructor_args: dict[str, Any] = {}
    _on_failure_fail_dagrun: bool = False
    _is_ready: bool = False

    def __init__(
        self,
        *,
        task_id: str,
        owner: str | None = None,
        email: str | Sequence[str] | None = None,
        email_on_retry: bool | None = None,
        email_on_failure: bool | None = None,
        retries: int | None = None,
        retry_delay: timedelta | float | None = None,
        retry_exponential_backoff: float = 0,
        max_retry_delay: timedelta | float | None = None,
        retry_policy: Any = None,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        depends_on_past: bool = False,
        ignore_first_depends_on_past: bool = False,
        wait_for_past_depends_before_skipping: bool = False,
        wait_for_downstream: bool = False,
        dag: DAG | None = None,
        params: Any = None,
        default_args: dict[str, Any] | None = None,
        priority_weight: int = DEFAULT_PRIORITY_WEIGHT,
        weight_rule: Any = None,
        queue: str | None = None,
        pool: str | None = None,
        pool_slots: int = DEFAULT_POOL_SLOTS,
        sla: timedelta | None = None,
        execution_timeout: timedelta | ArgNotSet | None = NOTSET,
        on_execute_callback: Any = None,
        on_failure_callback: Any = None,
        on_success_callback: Any = None,
        on_retry_callback: Any = None,
        on_skipped_callback: Any = None,
        pre_execute: Callable[[Context], None] | None = None,
        post_execute: Callable[[Context, Any], None] | None = None,
        trigger_rule: str = DEFAULT_TRIGGER_RULE,
        resources: dict[str, Any] | None = None,
        run_as_user: str | None = None,
        map_index_template: str | None = None,
        max_active_tis_per_dag: int | None = None,
        max_active_tis_per_dagrun: int | None = None,
        executor: str | None = None,
        executor_config: dict[str, Any] | None = None,
        do_xcom_push: bool = True,
        multiple_outputs: bool = False,
        inlets: Any = None,
        outlets: Any = None,
        task_group: TaskGroup | None = None,
        doc: str | None = None,
        doc_md: str | None = None,
        doc_json: str | None = None,
        doc_yaml: str | None = None,
        doc_rst: str | None = None,
        task_display_name: str | None = None,
        logger_name: str | None = None,
        allow_nested_operators: bool = True,
        render_template_as_native_obj: bool | None = None,
        **kwargs: Any,
    ) -> None:
        legacy = legacy_arguments(kwargs, task_id)
        if kwargs:
            raise TypeError(
                f"{type(self).__name__} of task {task_id!r} does not know the arguments "
                f"{', '.join(kwargs)}: correct or remove them. Their values: {kwargs}"
            )
        self._set_identity(task_id)
        self.owner = operator_defaults.owner() if owner is None else owner
        self.email = email
        self.email_on_retry = _email_on("retry", email_on_retry)
        self.email_on_failure = _email_on("failure", email_on_failure)
        self.retries = _as_retries(retries)
        self.retry_delay = (
            operator_defaults.retry_delay()
            if retry_delay is None
            else as_timedelta("retry_delay", retry_delay)
        )
        self.retry_exponential_backoff = retry_exponential_backoff
        self.max_retry_delay = (
            None if max_retry_delay is None else as_timedelta("max_retry_delay", max_retry_delay)
        )
        if retry_policy is not None:
            raise NotSupportedYet(f"retry policies (retry_policy of task {self.task_id!r})")
        self.retry_policy = None
        self.start_date = as_datetime("start_date", start_date)
        self.end_date = as_datetime("end_date", end_date)
        self.depends_on_past = depends_on_past or wait_for_downstream
        self.ignore_first_depends_on_past = ignore_first_depends_on_past
        self.wait_for_past_depends_before_skipping = wait_for_past_depends_before_skipping
        self.wait_for_downstream = wait_for_downstream
        self.priority_weight = priority_weight
        self.weight_rule = checked_weight_rule(weight_rule or operator_defaults.weight_rule())
        self.queue = queue or operator_defaults.queue()
        self.pool = pool or DEFAULT_POOL
        self.pool_slots = pool_slots
        self.execution_timeout = (
            operator_defaults.execution_timeout()
            if execution_timeout is NOTSET  # None is a choice: no limit
            else as_execution_timeout(execution_timeout)
        )
        self.on_execute_callback = as_callbacks(on_execute_callback)
        self.on_failure_callback = as_callbacks(on_failure_callback)
        self.on_success_callback = as_callbacks(on_success_callback)
        self.on_retry_callback = as_callbacks(on_retry_callback)
        self.on_skipped_callback = as_callbacks(on_skipped_callback)
        self._pre_execute_hook = pre_execute
        self._post_execute_hook = post_execute
        self.trigger_rule = checked_trigger_rule(trigger_rule, self._where())
        self.resources = resources
        self.run_as_user = run_as_user
        self.map_index_template = map_index_template
        self.max_active_tis_per_dag = legacy.get("max_active_tis_per_dag", max_active_tis_per_dag)
        self.max_active_tis_per_dagrun = max_active_tis_per_dagrun
        self.executor = executor
        self.executor_config = executor_config or {}
        self.do_xcom_push = legacy.get("do_xcom_push", do_xcom_push)
        self.multiple_outputs = multiple_outputs
        self.inlets: list[Any] = _as_list(inlets)
        self.outlets: list[Any] = _as_list(outlets)
        self.doc, self.doc_md, self.doc_json = doc, doc_md, doc_json
        self.doc_yaml, self.doc_rst = doc_yaml, doc_rst
        self._task_display_name = task_display_name
        self.logger_name = logger_name
        self.allow_nested_operators = allow_nested_operators
        self.render_template_as_native_obj = render_template_as_native_obj
        check_arguments(self, sla=sla)
        self._enter_dag(params)

    def _set_identity(self, task_id: str) -> None:
        """Take the id, with its group's prefix, and begin without edges."""
        validate_key(task_id)
        group = construction_of(self).task_group
        self.task_id = group.child_id(task_id) if group is not None else task_id
        self._label = task_id
        self._dag: DAG | None = None
        self.task_group: TaskGroup | None = None
        self.upstream_task_ids: set[str] = set()
        self.downstream_task_ids: set[str] = set()

    def _where(self) -> str:
        dag = construction_of(self).dag
        return f"{dag.dag_id if dag is not None else ''}.{self.task_id}"

    def _enter_dag(self, params: Any) -> None:
        """Join the group and the DAG that the constructor found."""
        construction = construction_of(self)
        self.params = ParamsDict({**construction.params, **dict(params or {})})
        if construction.task_group is not None:
            construction.task_group.add(self)
        if construction.dag is not None:
            self.dag = construction.dag

    def _constructed(self, given: dict[str, Any]) -> None:
        """Finish construction: remember the arguments, connect the XComArgs among them."""
        from slipstream.sdk.setup_teardown import SetupTeardownScope  # imports this module
        from slipstream.sdk.xcom_arg import link_references  # imports this module

        self._constructor_args = given
        for name in self.template_fields:
            if name in self.__dict__:
                link_references(self, self.__dict__[name])
        self._is_ready = True
        SetupTeardownScope.register(self)

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        if self._is_ready and name in self.template_fields:
            from slipstream.sdk.xcom_arg import link_references  # imports this module

            link_references(self, value)

    # Identity and place

    @property
    def node_id(self) -> str:
        return self.task_id

    @property
    def dag(self) -> DAG:
        """The DAG that the task is in; None before it is in one."""
        return self._dag  # type: ignore[return-value]

    @dag.setter
    def dag(self, dag: DAG | None) -> None:
        if dag is None:
            self._dag = None
            return
        if self._dag is not None and self._dag is not dag:
            raise AirflowException(
                f"Task {self.task_id!r} is in DAG {self._dag.dag_id!r}; "
                f"it cannot be put into {dag.dag_id!r}."
            )
        if self._dag is None:
            self._dag = dag
            if self.task_group is None:
                (TaskGroupContext.get_current(dag) or dag.task_group).add(self)
        dag.add_task(self)

    def has_dag(self) -> bool:
        """Return whether the task is in a DAG."""
        return self._dag is not None

    def get_dag(self) -> DAG | None:
        return self._dag

    @property
    def dag_id(self) -> str:
        return self._dag.dag_id if self._dag is not None else f"adhoc_{self.owner}"

    @property
    def task_type(self) -> str:
        """The operator's class name."""
        return type(self).__name__

    operator_class_name = task_type

    @property
    def operator_class(self) -> type:
        return type(self)

    @property
    def operator_name(self) -> str:
        """What the UI shows as operator."""
        return getattr(self, "custom_operator_name", None) or self.task_type

    @property
    def task_display_name(self) -> str:
        return self._task_display_name or self.task_id

    @property
    def label(self) -> str:
        return self._label if self.task_group is not None else self.task_id

    @property
    def roots(self) -> list[DependencyMixin]:
        return [self]

    @property
    def leaves(self) -> list[DependencyMixin]:
        return [self]

    @property
    def output(self) -> XComArg:
        """A reference to what the task will return."""
        from slipstream.sdk.xcom_arg import XComArg  # imports this module

        return XComArg(self)

    @property
    def on_failure_fail_dagrun(self) -> bool:
        """Whether this teardown's failure fails the run."""
        return self._on_failure_fail_dagrun

    @on_failure_fail_dagrun.setter
    def on_failure_fail_dagrun(self, value: bool) -> None:
        if value and not self.is_teardown:
            raise ValueError(
                f"on_failure_fail_dagrun is for teardowns, and task {self.task_id!r} is none"
            )
        self._on_failure_fail_dagrun = value

    @property
    def has_on_execute_callback(self) -> bool:
        return bool(self.on_execute_callback)

    @property
    def has_on_failure_callback(self) -> bool:
        return bool(self.on_failure_callback)

    @property
    def has_on_success_callback(self) -> bool:
        return bool(self.on_success_callback)

    @property
    def has_on_retry_callback(self) -> bool:
        return bool(self.on_retry_callback)

    @property
    def has_on_skipped_callback(self) -> bool:
        return bool(self.on_skipped_callback)

    @property
    def task_concurrency(self) -> int | None:
        """Airflow 2's name of ``max_active_tis_per_dag``."""
        return self.max_active_tis_per_dag

    # Setup, teardown, assets

    def as_setup(self) -> BaseOperator:
        """Mark as a setup: its teardown runs whenever it ran."""
        from slipstream.sdk.setup_teardown import mark_setup  # imports this module

        return mark_setup(self)

    def as_teardown(
        self,
        *,
        setups: Any = None,
        on_failure_fail_dagrun: bool | None = None,
    ) -> BaseOperator:
        """Mark as a teardown of ``setups``: it runs once they ran, whatever happened between."""
        from slipstream.sdk.setup_teardown import mark_teardown  # imports this module

        return mark_teardown(self, setups, on_failure_fail_dagrun)

    def __enter__(self) -> SetupTeardownScope:
        from slipstream.sdk.setup_teardown import SetupTeardownScope  # imports this module

        return SetupTeardownScope.open(self)

    def __exit__(self, *_: object) -> None:
        from slipstream.sdk.setup_teardown import SetupTeardownScope  # imports this module

        SetupTeardownScope.close()

    def add_inlets(self, inlets: Iterable[Any]) -> None:
        """Add assets that the task reads."""
        self.inlets.extend(inlets)

    def add_outlets(self, outlets: Iterable[Any]) -> None:
        """Add assets that the task writes."""
        self.outlets.extend(outlets)

    def get_inlet_defs(self) -> list[Any]:
        return self.inlets

    def get_outlet_defs(self) -> list[Any]:
        return self.outlets

    def update_relative(
        self,
        other: DependencyMixin,
        upstream: bool = True,
        edge_modifier: EdgeModifier | None = None,
    ) -> None:
        """Nothing to do: ``connect`` writes both ends of an edge."""

    def unmap(self, resolve: Any = None) -> Self:
        return self

    @classmethod
    def partial(cls, *, task_id: str, **kwargs: Any) -> OperatorPartial:
        """Fix some arguments; ``expand`` on the result gives the mapped ones."""
        from slipstream.sdk.mapped import OperatorPartial  # imports this module

        return OperatorPartial.of(cls, task_id=task_id, kwargs=kwargs)

    def __copy__(self) -> Self:
        clone = object.__new__(type(self))
        clone.__dict__.update(self.__dict__)
        return clone

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        clone = object.__new__(type(self))
        memo[id(self)] = clone
        shallow = {"_dag", "task_group", *self.shallow_copy_attrs}
        for name, value in self.__dict__.items():
            known = memo.get(id(value))
            if known is None:
                known = value if name in shallow else copy.deepcopy(value, memo)
            clone.__dict__[name] = known
        return clone

    def __repr__(self) -> str:
        return f"<Task({self.task_type}): {self.task_id}>"


class BaseAsyncOperator(BaseOperator):
    """Base of operators whose work is a coroutine: write ``aexecute``."""

    @property
    def is_async(self) -> bool:
        return True

    async def aexecute(self, context: Context) -> Any:
        """Do the work; what it returns becomes the XCom ``return_value``."""
        raise NotImplementedError(f"{type(self).__name__} must define aexecute(self, context)")

    def execute(self, context: Context) -> Any:
        import asyncio  # heavy, and few tasks are coroutines

        return asyncio.run(self.aexecute(context))


def _as_retries(value: Any) -> int:
    """Return the number of retries; as Airflow, text that is a number will do.

    :raises TypeError: it is no number
    """
    if value is None:
        return operator_defaults.retries()
    try:
        return value if isinstance(value, int) else int(value)
    except (TypeError, ValueError):
        raise TypeError(
            f"retries is {value!r}, a {type(value).__name__}: it must be a whole number"
        ) from None


def _email_on(event: str, value: bool | None) -> bool:
    return operator_defaults.email_on(event) if value is None else value


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple | set) else [value]
