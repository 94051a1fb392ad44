"""Checks and conversions of a DAG's arguments."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from slipstream.sdk.exceptions import RemovedInAirflow3Warning
from slipstream.sdk.timezone import parse
from slipstream.state import DagRunType

if TYPE_CHECKING:
    from slipstream.sdk.dag import DAG

MAX_TAG_LENGTH = 100
_EXPECTED: tuple[tuple[str, type], ...] = (
    ("max_active_tasks", int),
    ("max_active_runs", int),
    ("max_consecutive_failed_dag_runs", int),
    ("catchup", bool),
    ("fail_fast", bool),
    ("render_template_as_native_obj", bool),
    ("auto_register", bool),
)
_EXPECTED_OR_NONE: tuple[tuple[str, type], ...] = (
    ("description", str),
    ("dagrun_timeout", timedelta),
    ("doc_md", str),
    ("dag_display_name", str),
    ("is_paused_upon_creation", bool),
    ("jinja_environment_kwargs", dict),
    ("user_defined_macros", dict),
    ("user_defined_filters", dict),
)
_IGNORED = ("full_filepath", "default_view", "orientation", "template_undefined", "user")


def check_types(dag: DAG) -> None:
    """Check that the DAG's attributes have their types.

    :raises TypeError: naming the argument, what was expected and what came
    """
    for table, optional in ((_EXPECTED, False), (_EXPECTED_OR_NONE, True)):
        for name, expected in table:
            value = getattr(dag, name)
            if not isinstance(value, expected) and not (optional and value is None):
                raise TypeError(
                    f"'{name}' of DAG {dag.dag_id!r} must be {expected.__name__}, "
                    f"got {type(value).__name__} with value {value!r}"
                )


def as_datetime(name: str, value: Any) -> datetime | None:
    """Return a datetime; text is parsed, as Airflow 2 did.

    :raises TypeError: it is neither
    """
    if value is None or isinstance(value, datetime):
        return value
    if isinstance(value, str):
        return parse(value)
    raise TypeError(f"{name!r} must be a datetime, not {type(value).__name__} ({value!r})")


def as_tags(tags: Collection[str] | None) -> set[str]:
    """Return the tags as a set.

    :raises ValueError: a tag is longer than 100 characters
    """
    found = set(tags or ())
    if any(len(tag) > MAX_TAG_LENGTH for tag in found):
        raise ValueError(
            f"A tag is longer than {MAX_TAG_LENGTH} characters: {max(found, key=len)!r}"
        )
    return found


def as_access_control(given: Any) -> dict[str, dict[str, Any]] | None:
    """Return the actions by role and resource; actions without a resource are on the DAG itself.

    :raises ValueError: it is no mapping of roles
    """
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise ValueError(
            f"access_control maps names of roles to actions, such as {{'team': {{'can_read'}}}}: "
            f"it cannot be {given!r:.100}"
        )
    return {
        str(role): {"DAGs": set(actions)}
        if isinstance(actions, list | tuple | set | frozenset)
        else actions
        for role, actions in given.items()
    }


def as_owner_links(links: dict[str, str] | None) -> dict[str, str]:
    """Return the links by owner.

    :raises ValueError: one is neither an http(s) nor a mailto link
    """
    from urllib.parse import urlsplit  # few DAGs have owner links

    for owner, link in (links or {}).items():
        parts = urlsplit(link)
        if not (parts.scheme == "mailto" or (parts.scheme and parts.netloc)):
            raise ValueError(
                f"The link of owner {owner!r} is {link!r}: it must be a URL, such as https://… or "
                "mailto:…"
            )
    return dict(links or {})


def as_run_types(
    types: DagRunType | str | Collection[DagRunType | str] | None,
) -> list[DagRunType] | None:
    """Return the allowed run types as a list, or None for all.

    :raises ValueError: a name is no run type
    """
    if types is None:
        return None
    return [DagRunType(t) for t in ([types] if isinstance(types, str) else types)]


def take_legacy(
    legacy: dict[str, Any], sla_miss_callback: Any, *, schedule_given: bool
) -> dict[str, Any]:
    """Translate arguments of Airflow 1.10 and 2, each with a warning, to their modern names.

    :raises TypeError: an argument that no version had, or two that mean the schedule
    """
    found: dict[str, Any] = {}
    if sla_miss_callback is not None:
        _warn(
            "The SLA feature is gone since Airflow 3.0; `sla_miss_callback` is ignored. Deadline "
            "alerts replace it."
        )
    for old, new in (
        ("schedule_interval", "schedule"),
        ("timetable", "schedule"),
        ("concurrency", "max_active_tasks"),
        ("fail_stop", "fail_fast"),
    ):
        if old not in legacy:
            continue
        value = legacy.pop(old)
        if new == "schedule":
            if value is None and (schedule_given or "schedule" in found):
                continue
            if schedule_given or "schedule" in found:
                raise TypeError(
                    "At most one of schedule, schedule_interval and timetable may be given; "
                    f"{old!r} is one too many."
                )
        _warn(f"DAG argument {old!r} is gone since Airflow 3: use {new!r}.")
        found[new] = value
    for old in _IGNORED:
        if old in legacy:
            legacy.pop(old)
            _warn(f"DAG argument {old!r} is gone since Airflow 3 and has no effect.")
    if legacy:
        name = next(iter(legacy))
        raise TypeError(f"DAG.__init__() got an unexpected keyword argument {name!r}")
    return found


def _warn(message: str) -> None:
    warnings.warn(message, RemovedInAirflow3Warning, stacklevel=4)
