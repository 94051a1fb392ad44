"""The DAG spec: the one JSON form of a DAG, written by ``sdk`` and compiled by ``machine``.

A spec is canonical: keys that hold their default are absent, lists that have no order of their
own are sorted, and nothing in it depends on the process that wrote it, so equal DAGs hash
equally. Durations are seconds (``*_s``), datetimes ISO 8601 with an offset. Bump
``SPEC_VERSION`` when an old reader would misunderstand a new spec.
"""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

SPEC_VERSION = 1


class TimetableSpec(TypedDict):
    """A timetable: a built-in ``type`` (see ``slipstream.timetable``) or ``custom``.

    A custom timetable is user code. Only the DAG processor's forked child may run it; it
    computes the next run for the scheduler, which never imports it.
    """

    type: str
    args: NotRequired[dict[str, Any]]
    class_path: NotRequired[str]
    """``custom`` only: ``module.QualName`` of the user's class."""
    names_runs: NotRequired[bool]
    """``custom`` only: the class has a ``generate_run_id`` of its own."""


class ParamSpec(TypedDict):
    value: NotRequired[Any]
    """Absent when the param has no default and must be given."""
    schema: NotRequired[dict[str, Any]]
    description: NotRequired[str]


class MappingSpec(TypedDict):
    """How a mapped task expands: literals by value, references as ``{"xcom": [task_id, key]}``."""

    kind: str
    """``expand`` (cross product of ``by``) or ``expand_kwargs`` (``by`` has the one key ``*``)."""
    by: dict[str, Any]


class TaskSpec(TypedDict):
    task_id: str
    type: str
    """Class name of the operator, as Airflow's API shows it (``PythonOperator``)."""
    module: str
    operator_name: NotRequired[str]
    """What the UI shows, when not ``type`` (``@task``)."""
    display_name: NotRequired[str]
    downstream: NotRequired[list[str]]
    group: NotRequired[str]
    """Innermost task group's id; absent at the root."""
    owner: NotRequired[str]
    retries: NotRequired[int]
    retry_delay_s: NotRequired[float]
    retry_exponential_backoff: NotRequired[float]
    """Multiplier; 0 (absent) is constant delay, 2.0 doubles each time."""
    max_retry_delay_s: NotRequired[float]
    execution_timeout_s: NotRequired[float]
    trigger_rule: NotRequired[str]
    depends_on_past: NotRequired[bool]
    ignore_first_depends_on_past: NotRequired[bool]
    wait_for_past_depends_before_skipping: NotRequired[bool]
    wait_for_downstream: NotRequired[bool]
    priority_weight: NotRequired[int]
    weight_rule: NotRequired[str]
    pool: NotRequired[str]
    pool_slots: NotRequired[int]
    queue: NotRequired[str]
    executor: NotRequired[str]
    max_active_tis_per_dag: NotRequired[int]
    max_active_tis_per_dagrun: NotRequired[int]
    start_date: NotRequired[str]
    end_date: NotRequired[str]
    no_op: NotRequired[bool]
    """True when the task needs no process: an EmptyOperator without callbacks and outlets."""
    is_setup: NotRequired[bool]
    is_teardown: NotRequired[bool]
    on_failure_fail_dagrun: NotRequired[bool]
    mapped: NotRequired[MappingSpec]
    map_index_template: NotRequired[str]
    is_sensor: NotRequired[bool]
    deferrable: NotRequired[bool]
    do_xcom_push: NotRequired[bool]
    """Absent means True."""
    multiple_outputs: NotRequired[bool]
    callbacks: NotRequired[list[str]]
    """Which callbacks are set: of ``execute success failure retry skipped``."""
    template_fields: NotRequired[list[str]]
    template_fields_renderers: NotRequired[dict[str, str]]
    params: NotRequired[dict[str, ParamSpec]]
    inlets: NotRequired[list[Any]]
    outlets: NotRequired[list[Any]]
    extra_links: NotRequired[dict[str, str]]
    """What each link is called, and the key of the XCom that the task leaves it in."""
    ui_color: NotRequired[str]
    ui_fgcolor: NotRequired[str]
    doc: NotRequired[str]
    doc_md: NotRequired[str]
    doc_json: NotRequired[str]
    doc_yaml: NotRequired[str]
    doc_rst: NotRequired[str]


class GroupSpec(TypedDict):
    group_id: str
    parent: NotRequired[str]
    label: NotRequired[str]
    display_name: NotRequired[str]
    tooltip: NotRequired[str]
    doc_md: NotRequired[str]
    prefix_group_id: NotRequired[bool]
    ui_color: NotRequired[str]
    ui_fgcolor: NotRequired[str]
    mapped: NotRequired[MappingSpec]


class DagSpec(TypedDict):
    spec: int
    dag_id: str
    relative_fileloc: str
    """Path below the bundle's root; a file inside a zip is ``archive.zip/module.py``."""
    display_name: NotRequired[str]
    description: NotRequired[str]
    doc_md: NotRequired[str]
    owners: NotRequired[list[str]]
    owner_links: NotRequired[dict[str, str]]
    tags: NotRequired[list[str]]
    timezone: NotRequired[str]
    start_date: NotRequired[str]
    end_date: NotRequired[str]
    timetable: TimetableSpec
    timetable_summary: NotRequired[str]
    timetable_description: NotRequired[str]
    catchup: NotRequired[bool]
    max_active_tasks: int
    max_active_runs: int
    max_consecutive_failed_dag_runs: NotRequired[int]
    dagrun_timeout_s: NotRequired[float]
    fail_fast: NotRequired[bool]
    is_paused_upon_creation: NotRequired[bool]
    allowed_run_types: NotRequired[list[str]]
    render_template_as_native_obj: NotRequired[bool]
    params: NotRequired[dict[str, ParamSpec]]
    default_args: NotRequired[dict[str, Any]]
    """For people to read: masked, what JSON does not have as text. Tasks have their values."""
    callbacks: NotRequired[list[str]]
    """Which run callbacks are set: of ``success failure``."""
    access_control: NotRequired[dict[str, Any]]
    tasks: list[TaskSpec]
    """In topological order; ties by task_id."""
    groups: NotRequired[list[GroupSpec]]
    """Parents before children."""
    edge_labels: NotRequired[dict[str, dict[str, str]]]
    """upstream id -> downstream id -> label."""
