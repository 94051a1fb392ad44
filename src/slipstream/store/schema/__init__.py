"""The tables. Migrations create them; this module is what queries are written against.

Two rules keep the hot path narrow. ``task_instance.state`` and ``dag_run.state`` are written by
one place only (``store.decision``, from what ``machine`` decided). Workers write ``attempt`` and
``xcom`` alone, by compare-and-set on the attempt id; the scheduler applies what they wrote.
"""

from __future__ import annotations

from slipstream.store.schema.column import (
    Id,
    LongText,
    Pk,
    Resource,
    State,
    UtcDateTime,
    Uuid7,
    Word,
    metadata,
)
from slipstream.store.schema.definition import (
    dag,
    dag_favorite,
    dag_file,
    dag_source,
    dag_tag,
    dag_version,
    dag_warning,
    import_error,
    task_name,
)
from slipstream.store.schema.person import (
    auth_role,
    auth_role_permission,
    auth_session,
    auth_user,
    auth_user_role,
)
from slipstream.store.schema.run import (
    attempt,
    backfill,
    callback_request,
    dag_run,
    task_event,
    task_instance,
    xcom,
)
from slipstream.store.schema.service import audit_log, change, dag_lease, inbox, job
from slipstream.store.schema.setting import connection, pool, pool_quota, variable

__all__ = [
    "Id",
    "LongText",
    "Pk",
    "Resource",
    "State",
    "UtcDateTime",
    "Uuid7",
    "Word",
    "attempt",
    "audit_log",
    "auth_role",
    "auth_role_permission",
    "auth_session",
    "auth_user",
    "auth_user_role",
    "backfill",
    "callback_request",
    "change",
    "connection",
    "dag",
    "dag_favorite",
    "dag_file",
    "dag_lease",
    "dag_run",
    "dag_source",
    "dag_tag",
    "dag_version",
    "dag_warning",
    "import_error",
    "inbox",
    "job",
    "metadata",
    "pool",
    "pool_quota",
    "task_event",
    "task_instance",
    "task_name",
    "variable",
    "xcom",
]
