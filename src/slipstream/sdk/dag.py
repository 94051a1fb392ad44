"""``DAG``: a workflow as its author wrote it.

Owns the author's view: the arguments, beside the tasks and edges of its ``dag_graph``. What the
engine sees is made from it by ``serialize``; when it runs is the timetable's, built by ``schedule``
only when someone asks.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta, tzinfo
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from slipstream.config import conf
from slipstream.sdk import dag_check
from slipstream.sdk.caller import caller_file
from slipstream.sdk.dag_args import (
    as_access_control,
    as_datetime,
    as_owner_links,
    as_run_types,
    as_tags,
    check_types,
    take_legacy,
)
from slipstream.sdk.dag_graph import TaskGraph
from slipstream.sdk.dagcontext import DagContext
from slipstream.sdk.deadline import refuse as refuse_deadlines
from slipstream.sdk.key import validate_key
from slipstream.sdk.operator_args import as_callbacks
from slipstream.sdk.param import DagParam, ParamsDict
from slipstream.sdk.taskgroup import TaskGroup
from slipstream.sdk.timezone import Moment, as_pendulum, default_timezone
from slipstream.sdk.types import NOTSET
from slipstream.state import DagRunType

if TYPE_CHECKING:
    import jinja2

    from slipstream.sdk.operator import BaseOperator
    from slipstream.sdk.timetables import Timetable


class DAG(TaskGraph):
    """A set of tasks with dependencies, and when and how it runs.

    Use it as a context manager, as the ``dag=`` argument of tasks, or through ``@dag``.
    ``schedule`` is None, a preset or cron expression, a timedelta, a Timetable, or assets.
    Limits that are not given come from ``[core]`` and ``[scheduler]``.

    :raises TypeError: an unknown argument, or one of the wrong type
    :raises ValueError: a dag_id, schedule or tag that cannot be used
    """

    start_date = Moment()
    end_date = Moment()

    def __init__(
        self,
        dag_id: str,
        description: str | None = None,
        schedule: Any = NOTSET,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        template_searchpath: str | Iterable[str] | None = None,
        template_undefined: type[jinja2.StrictUndefined] | None = None,
        user_defined_macros: dict[str, Any] | None = None,
        user_defined_filters: dict[str, Any] | None = None,
        default_args: dict[str, Any] | None = None,
        max_active_tasks: int | None = None,
        max_active_runs: int | None = None,
        max_consecutive_failed_dag_runs: int | None = None,
        dagrun_timeout: timedelta | None = None,
        deadline: Any = None,
        sla_miss_callback: Any = None,
        catchup: bool | None = None,
        on_success_callback: Any = None,
        on_failure_callback: Any = None,
        doc_md: str | None = None,
        params: Mapping[str, Any] | None = None,
        access_control: Any = None,
        is_paused_upon_creation: bool | None = None,
        jinja_environment_kwargs: dict[str, Any] | None = None,
        render_template_as_native_obj: bool = False,
        tags: Collection[str] | None = None,
        owner_links: dict[str, str] | None = None,
        auto_register: bool = True,
        fail_fast: bool = False,
        allowed_run_types: DagRunType | str | Collection[DagRunType | str] | None = None,
        dag_display_name: str | None = None,
        task_group: TaskGroup | None = None,
        disable_bundle_versioning: bool | None = None,
        rerun_with_latest_version: bool | None = None,
        **legacy: Any,
    ) -> None:
        validate_key(dag_id)
        if legacy or sla_miss_callback is not None:
            modern = take_legacy(legacy, sla_miss_callback, schedule_given=schedule is not NOTSET)
            schedule = modern.get("schedule", schedule)
            max_active_tasks = modern.get("max_active_tasks", max_active_tasks)
            fail_fast = modern.get("fail_fast", fail_fast)
        self.dag_id = dag_id
        self.description = description
        self.dag_display_name = dag_display_name or dag_id
        self.fileloc = os.path.abspath(caller_file())
        self.default_args: dict[str, Any] = dict(default_args or {})  # a callback may have locks
        merged = dict(self.default_args.pop("params", None) or {})
        merged.update(params.as_params() if isinstance(params, ParamsDict) else params or {})
        self.params = ParamsDict(merged)

        for bound in ("start_date", "end_date"):
            if bound in self.default_args:
                self.default_args[bound] = as_datetime(bound, self.default_args[bound])
        start_date = as_datetime("start_date", start_date) or self.default_args.get("start_date")
        end_date = as_datetime("end_date", end_date) or self.default_args.get("end_date")
        self._timezone: tzinfo | None = start_date.tzinfo if start_date is not None else None
        self.start_date = start_date
        self.end_date = end_date
        self.schedule: Any = None if schedule is NOTSET else schedule
        self._timetable: Timetable | None = None
        self._check_schedule()

        if isinstance(template_searchpath, str):
            template_searchpath = [template_searchpath]
        self.template_searchpath = list(template_searchpath) if template_searchpath else None
        self.template_undefined = template_undefined
        self.user_defined_macros = user_defined_macros
        self.user_defined_filters = user_defined_filters
        self.jinja_environment_kwargs = jinja_environment_kwargs
        self.render_template_as_native_obj = render_template_as_native_obj
        self.max_active_tasks = _setting(max_active_tasks, "max_active_tasks_per_dag", 16)
        self.max_active_runs = _setting(max_active_runs, "max_active_runs_per_dag", 16)
        self.max_consecutive_failed_dag_runs = _setting(
            max_consecutive_failed_dag_runs, "max_consecutive_failed_dag_runs_per_dag", 0
        )
        if self.max_consecutive_failed_dag_runs < 0:
            raise ValueError(
                f"Invalid max_consecutive_failed_dag_runs: {self.max_consecutive_failed_dag_runs}. "
                f"Requires max_consecutive_failed_dag_runs >= 0"
            )
        self.dagrun_timeout = dagrun_timeout
        self.deadline = deadline
        if deadline:
            refuse_deadlines(dag_id)
        if catchup is None:
            catchup = conf.getboolean("scheduler", "catchup_by_default", fallback=False)
        self.catchup = catchup
        if catchup and start_date is None and self._has_schedule():
            raise ValueError(
                f"DAG {self.dag_id!r} has catchup=True and no start_date: say from when on it "
                "catches up"
            )
        self.on_success_callback = as_callbacks(on_success_callback)
        self.on_failure_callback = as_callbacks(on_failure_callback)
        self.doc_md = doc_md
        self.access_control = as_access_control(access_control)
        self.is_paused_upon_creation = is_paused_upon_creation
        self.tags = as_tags(tags)
        self.owner_links = as_owner_links(owner_links)
        self.auto_register = auto_register
        self.fail_fast = fail_fast
        self.allowed_run_types = as_run_types(allowed_run_types)
        self.disable_bundle_versioning = disable_bundle_versioning
        self.rerun_with_latest_version = rerun_with_latest_version
        check_types(self)

        self._start_graph(task_group)

    def _check_schedule(self) -> None:
        from slipstream.sdk.schedule import check_schedule  # imports the timetables' names lazily

        check_schedule(self.schedule)
        if DagContext.checks_schedules:
            self.timetable.validate()

    def _has_schedule(self) -> bool:
        """Whether automated runs come from the schedule, by assets or by time."""
        return self.schedule is not None and self.timetable.can_be_scheduled

    # Properties of Airflow's that are computed

    @property
    def timetable(self) -> Timetable:
        """The timetable that ``schedule`` stands for.

        :raises AirflowTimetableInvalid: it makes no schedule
        """
        if self._timetable is None:
            from slipstream.sdk.schedule import timetable_of  # heavy: cron

            self._timetable = timetable_of(self.schedule, self.plain_timezone)
        return self._timetable

    @timetable.setter
    def timetable(self, value: Timetable) -> None:
        self._timetable = self.schedule = value

    @property
    def schedule_interval(self) -> Any:
        """Airflow 2's name of ``schedule``."""
        return self.schedule

    @property
    def timezone(self) -> tzinfo:
        """The start date's time zone, or the default one; as Airflow, pendulum's."""
        return as_pendulum(self.plain_timezone)

    @property
    def plain_timezone(self) -> tzinfo:
        """The same, of whatever class it is: pendulum costs what most files need not pay."""
        return self._timezone or default_timezone()

    @property
    def folder(self) -> str:
        """The folder that the DAG's file is in."""
        return os.path.dirname(self.fileloc) if self.fileloc else ""

    @cached_property
    def relative_fileloc(self) -> str:
        """The DAG's file, seen from the folder of its bundle."""
        from slipstream.sdk import bundle  # few ask, and it reads the configuration

        return bundle.relative_of(self.fileloc)

    @property
    def filepath(self) -> str:
        return self.fileloc

    @property
    def display_name(self) -> str:
        return self.dag_display_name

    @property
    def task(self) -> Any:
        """``@dag.task``: the ``@task`` decorators, bound to this DAG."""
        from slipstream.sdk.decorator import task_decorator  # imports operator

        return task_decorator.bound_to(self)

    @property
    def has_on_success_callback(self) -> bool:
        return bool(self.on_success_callback)

    @property
    def has_on_failure_callback(self) -> bool:
        return bool(self.on_failure_callback)

    # Checks

    def canonical_sort(self) -> tuple[BaseOperator, ...]:
        """Return the tasks, each after its upstreams, in an order that does not hang on the file's.

        :raises AirflowDagCycleException: the dependencies form a cycle
        """
        return dag_check.canonical_order(self)

    def check_cycle(self) -> None:
        """Raise AirflowDagCycleException when the dependencies form a cycle."""
        self.canonical_sort()

    def validate(self) -> None:
        """Check what can only be checked once all tasks are there.

        :raises AirflowException: naming what does not fit
        """
        self.check_cycle()
        self.validate_setup_teardown()
        dag_check.check_params(self)
        self.timetable.validate()

    def validate_setup_teardown(self) -> None:
        """Check that setups are followed by all_success tasks only."""
        dag_check.check_setups(self)

    def partial_subset(
        self,
        task_ids: str | Iterable[str],
        include_downstream: bool = False,
        include_upstream: bool = True,
        include_direct_upstream: bool = False,
    ) -> DAG:
        """Return a copy with only the tasks named (or matched by a regex) and their relatives."""
        from slipstream.sdk.dag_subset import partial_subset  # imports this module

        return partial_subset(
            self,
            task_ids,
            include_downstream=include_downstream,
            include_upstream=include_upstream,
            include_direct_upstream=include_direct_upstream,
        )

    # Authoring

    def __enter__(self) -> Self:
        DagContext.push(self)
        return self

    def __exit__(self, *_: object) -> None:
        DagContext.pop()

    def param(self, name: str, default: Any = NOTSET) -> DagParam:
        """Return a reference to a param, resolved when a task runs."""
        return DagParam(self, name, default)

    def get_template_env(self, *, force_sandboxed: bool = False) -> Any:
        """Return the DAG's Jinja environment."""
        from slipstream.sdk.jinja import create_environment  # heavy: jinja2

        native = self.render_template_as_native_obj and not force_sandboxed
        return create_environment(self, native=native)

    def resolve_template_files(self) -> None:
        """Read the files that template fields name."""
        for task in self.task_dict.values():
            task.resolve_template_files()

    def test(self, **kwargs: Any) -> Any:
        """Run the whole DAG once, here and now; return the finished dag run.

        Takes ``logical_date``, ``run_conf``, ``conn_file_path``, ``variable_file_path``,
        ``use_executor``, ``mark_success_pattern``.
        """
        from slipstream.sdk import dagtest  # the engine, which a DAG file does not need

        return dagtest.run(self, **kwargs)

    def cli(self) -> Any:
        """Offer this DAG's command line (``python my_dag.py test``)."""
        from slipstream.sdk import dagtest  # the engine, which a DAG file does not need

        return dagtest.cli(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> DAG:
        clone = object.__new__(type(self))
        memo[id(self)] = clone
        shallow = {"user_defined_macros", "user_defined_filters", "params", "schedule"}
        for name, value in self.__dict__.items():
            clone.__dict__[name] = value if name in shallow else copy.deepcopy(value, memo)
        for task in clone.task_dict.values():
            task.__dict__["_dag"] = clone
            task.task_group = memo.get(id(task.task_group), task.task_group)
        return clone

    def __repr__(self) -> str:
        return f"<DAG: {self.dag_id}>"

    def __lt__(self, other: DAG) -> bool:
        return self.dag_id < other.dag_id

    def __eq__(self, other: object) -> bool:
        """As Airflow: DAGs of the same class whose facts are the same, though their objects differ."""
        if type(self) is not type(other):
            return NotImplemented
        return self is other or all(
            getattr(self, name) == getattr(other, name) for name in _IDENTITY
        )

    def __hash__(self) -> int:
        return hash((type(self), self.dag_id))


_IDENTITY = (
    *("dag_id", "task_ids", "start_date", "end_date", "fileloc", "template_searchpath", "schedule"),
)


def dag(
    dag_id_or_func: str | Callable[..., Any] | None = None, /, **kwargs: Any
) -> Callable[..., Any]:
    """Turn a function that defines tasks into a function that returns the DAG.

    ``@dag``, ``@dag("id")`` and ``@dag(dag_id="id", schedule=…)`` all work. The function's
    arguments become params; its docstring, unless ``doc_md`` is given, the documentation.
    """
    from slipstream.sdk.dag_decorator import dag_factory  # imports this module

    if callable(dag_id_or_func):
        return dag_factory(dag_id_or_func, "", kwargs)
    dag_id = dag_id_or_func or kwargs.pop("dag_id", "")
    return lambda func: dag_factory(func, dag_id, kwargs)


def _setting(value: int | None, key: str, default: int) -> int:
    return conf.getint("core", key, fallback=default) if value is None else value
