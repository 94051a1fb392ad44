"""``TriggerDagRunOperator``: starts a run of another DAG, and waits for it if told to."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from slipstream.clock import utcnow
from slipstream.config import conf as settings
from slipstream.sdk import taskapi
from slipstream.sdk.exceptions import (
    AirflowException,
    AirflowSkipException,
    DagRunAlreadyExists,
    NotSupportedYet,
)
from slipstream.sdk.operator import BaseOperator
from slipstream.sdk.operatorlink import BaseOperatorLink
from slipstream.sdk.timezone import convert_to_utc, parse
from slipstream.sdk.types import NOTSET, ArgNotSet
from slipstream.sdk.xcom import BaseXCom
from slipstream.state import DagRunState, DagRunType

if TYPE_CHECKING:
    from slipstream.sdk.context import Context

XCOM_LOGICAL_DATE_ISO = "trigger_logical_date_iso"
XCOM_RUN_ID = "trigger_run_id"


class DagIsPaused(AirflowException):
    """The DAG to trigger is paused, and the task was told to mind."""

    def __init__(self, dag_id: str) -> None:
        super().__init__(
            f"DAG {dag_id!r} is paused: unpause it, or set fail_when_dag_is_paused=False"
        )
        self.dag_id = dag_id


class TriggerDagRunLink(BaseOperatorLink):
    """Leads to the run that was triggered."""

    name = "Triggered DAG"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        run_id = BaseXCom.get_value(ti_key=ti_key, key=XCOM_RUN_ID)
        dag_id = getattr(operator, "trigger_dag_id", "")
        base = settings.get("api", "base_url", fallback="").rstrip("/")
        return f"{base}/dags/{dag_id}/runs/{quote(run_id or '', safe=':+')}"


class TriggerDagRunOperator(BaseOperator):
    """Triggers a run of ``trigger_dag_id``.

    :param trigger_run_id: its run_id (generated, if None)
    :param conf: its conf, JSON values
    :param logical_date: its logical date; not given: now, or none if ``run_after`` is; None: none
    :param reset_dag_run: clear and run again a run of that id, if there is one
    :param wait_for_completion: wait until it is in ``allowed_states``; fail when it is in
        ``failed_states``
    :param poke_interval: seconds between looks at it
    :param skip_when_already_exists: skip, rather than fail, when the run exists
    :param fail_when_dag_is_paused: fail when the DAG is paused
    """

    template_fields: Collection[str] = (
        "trigger_dag_id",
        "trigger_run_id",
        "logical_date",
        "conf",
        "wait_for_completion",
        "skip_when_already_exists",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"conf": "py"}
    ui_color = "#ffefeb"
    operator_extra_links = [TriggerDagRunLink()]

    def __init__(
        self,
        *,
        trigger_dag_id: str,
        trigger_run_id: str | None = None,
        conf: dict[str, Any] | str | None = None,
        logical_date: str | dt.datetime | ArgNotSet | None = NOTSET,
        run_after: str | dt.datetime | ArgNotSet | None = NOTSET,
        reset_dag_run: bool = False,
        wait_for_completion: bool = False,
        poke_interval: int = 60,
        allowed_states: list[str | DagRunState] | None = None,
        failed_states: list[str | DagRunState] | None = None,
        skip_when_already_exists: bool = False,
        fail_when_dag_is_paused: bool = False,
        note: str | None = None,
        deferrable: bool = False,
        openlineage_inject_parent_info: bool = True,
        execution_date: str | dt.datetime | ArgNotSet | None = NOTSET,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if deferrable:
            raise NotSupportedYet(f"deferral (deferrable=True of task {self.task_id!r})")
        if isinstance(logical_date, ArgNotSet):
            logical_date = execution_date
        if not isinstance(logical_date, str | dt.datetime | None | ArgNotSet):
            raise TypeError(
                f"logical_date is {logical_date!r}: it must be a datetime, an ISO 8601 string or "
                "None"
            )
        self.trigger_dag_id = trigger_dag_id
        self.trigger_run_id = trigger_run_id
        self.conf = conf
        self.logical_date = logical_date
        self.run_after = run_after
        self.reset_dag_run = reset_dag_run
        self.wait_for_completion = wait_for_completion
        self.poke_interval = poke_interval
        self.allowed_states = [DagRunState(s) for s in allowed_states or [DagRunState.SUCCESS]]
        self.failed_states = [
            DagRunState(s)
            for s in ([DagRunState.FAILED] if failed_states is None else failed_states)
        ]
        self.skip_when_already_exists = skip_when_already_exists
        self.fail_when_dag_is_paused = fail_when_dag_is_paused
        self.note = note

    def execute(self, context: Context) -> None:
        self.conf = conf = _conf_of(self.conf)
        if self.fail_when_dag_is_paused and taskapi.current().get_dag(self.trigger_dag_id).get(
            "is_paused"
        ):
            raise DagIsPaused(dag_id=self.trigger_dag_id)
        run_id = self._trigger(context, conf)
        if self.wait_for_completion:
            self._wait(run_id)

    def _trigger(self, context: Context, conf: dict[str, Any] | None) -> str:
        """Create the run, record it, and return its run_id."""
        logical_date, run_after = self._moments()
        ti = context["ti"]
        try:
            run = taskapi.current().trigger_dag_run(
                dag_id=self.trigger_dag_id,
                run_id=str(self.trigger_run_id or self._run_id(logical_date, run_after)),
                logical_date=logical_date,
                run_after=run_after,
                conf=conf,
                reset_dag_run=self.reset_dag_run,
                note=self.note,
            )
        except DagRunAlreadyExists as e:
            if self.skip_when_already_exists:
                raise AirflowSkipException(
                    "Skipping: a run with this id or logical date already exists, "
                    "and `skip_when_already_exists` is set."
                ) from e
            raise
        run_id = run["run_id"]
        self.log.info("Triggered DAG %s, run %s", self.trigger_dag_id, run_id)
        ti.xcom_push(key=XCOM_RUN_ID, value=run_id)
        if self.wait_for_completion:
            self._show_link(ti)
        return run_id

    def _show_link(self, ti: Any) -> None:
        """Write the link at once: what is pushed is seen when the task ends, which may be long."""
        link = TriggerDagRunLink()
        BaseXCom.set(
            link.xcom_key,
            link.get_link(self, ti_key=ti),
            dag_id=ti.dag_id,
            task_id=ti.task_id,
            run_id=ti.run_id,
            map_index=ti.map_index,
        )

    def _moments(self) -> tuple[dt.datetime | None, dt.datetime | None]:
        """Return the run's logical date and, if it was given, its run_after."""
        run_after = _moment(self.run_after, None)
        is_later = not isinstance(self.run_after, ArgNotSet)
        return _moment(self.logical_date, None if is_later else utcnow()), run_after

    def _run_id(self, logical_date: dt.datetime | None, run_after: dt.datetime | None) -> str:
        """Return the id that Airflow's operator makes: it says ``manual``, whatever the run type."""
        from slipstream.timetable.run_id import generate  # cron comes with it; few tasks trigger

        if isinstance(self.run_after, ArgNotSet):
            run_after = logical_date
        return generate(DagRunType.MANUAL, logical_date, run_after or utcnow())

    def _wait(self, run_id: str) -> None:
        """Look at the run every ``poke_interval`` seconds until it has ended."""
        while True:
            state = taskapi.current().get_dag_run_state(self.trigger_dag_id, run_id)
            if state in self.failed_states:
                raise AirflowException(
                    f"Run {run_id!r} of DAG {self.trigger_dag_id!r} ended {state}, one of "
                    "failed_states"
                )
            if state in self.allowed_states:
                self.log.info("Run %s of DAG %s ended %s", run_id, self.trigger_dag_id, state)
                return
            self.log.info("%s is %s; looking again in %s s", run_id, state, self.poke_interval)
            time.sleep(self.poke_interval)


def _moment(value: Any, unset: dt.datetime | None) -> dt.datetime | None:
    if isinstance(value, ArgNotSet):
        return unset
    if value is None or value == "None":
        return None
    return convert_to_utc(value if isinstance(value, dt.datetime) else parse(value))


def _conf_of(given: Any) -> dict[str, Any] | None:
    """Return the conf: a dict, or the JSON text of one, which a template may have made.

    :raises ValueError: it is neither, or has a value without a JSON form
    """
    if not given:
        return None
    try:
        conf = json.loads(given) if isinstance(given, str) else given
        json.dumps(conf)
    except (TypeError, ValueError) as error:
        raise ValueError(f"conf must be plain data that JSON can say: {error}") from None
    if not isinstance(conf, dict):
        raise ValueError(f"conf must be a dict, not {type(conf).__name__}")
    return conf
